"""Whatever a client sends is refused with a 4xx, a code, and a message that helps: never with a 500."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MISSING = "0190f000-0000-7000-8000-000000000000"


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, "variables": variables})


def refusal(response: httpx.Response) -> dict[str, Any]:
    """The first error of a refused request, after checking what every refusal has."""
    assert 400 <= response.status_code < 500, response.text
    error: dict[str, Any] = response.json()["errors"][0]
    assert error["message"]
    assert error["extensions"]["code"] not in ("", "INTERNAL_ERROR")
    assert error["extensions"]["requestId"]
    assert "Traceback" not in response.text
    return error


BODIES = {
    "nothing": b"",
    "no json": b"{",
    "not a number": b'{"query": "{ __typename }", "variables": {"x": NaN}}',
    "a list": b'[{"query": "{ __typename }"}]',
    "a text": b'"{ __typename }"',
    "no query": b"{}",
    "an empty query": b'{"query": " "}',
    "a query that is no text": b'{"query": 5}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 5}',
    "bytes that are no utf-8": b'{"query": "\xff"}',
    "a NUL": b'{"query": "{ __typename }\\u0000"}',
    "json a thousand deep": b'{"query": "{ __typename }", "variables": {"x": '
    + b"[" * 1000
    + b"]" * 1000
    + b"}}",
    "json sixty-five deep": b'{"query": "{ __typename }", "variables": {"x": '
    + b"[" * 63
    + b"]" * 63
    + b"}}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_no_question_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert refusal(await client.post("/graphql", content=body, headers=headers))["extensions"]["code"] in (
        "BAD_USER_INPUT",
        "REQUEST_TOO_LARGE",
    )


async def test_a_body_of_ten_megabytes_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ __typename }" + " " * 10_000_000})
    assert response.status_code == 413
    assert refusal(response)["extensions"]["code"] == "REQUEST_TOO_LARGE"


@pytest.mark.parametrize(
    "media", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, media: str) -> None:
    response = await client.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers={"Content-Type": media}
    )
    assert response.status_code == 415
    assert "application/json" in refusal(response)["message"]


async def test_other_paths_and_methods_are_refused_with_a_way_on(client: httpx.AsyncClient) -> None:
    for response in (
        await client.get("/nowhere"),
        await client.delete("/graphql"),
        await client.put("/graphql"),
    ):
        assert "/graphql" in refusal(response)["message"]


async def test_without_a_known_key_there_is_no_data(client: httpx.AsyncClient) -> None:
    for header in ("", "Bearer ", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer \u00e4".encode("latin-1")):
        response = await client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": header}
        )
        assert response.status_code == 401
        assert refusal(response)["extensions"]["code"] == "UNAUTHENTICATED"


async def test_health_needs_no_key(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        response = await client.get(path, headers={"Authorization": ""})
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


QUESTIONS = {
    "no graphql": "{",
    "an unknown field": "{ accounts { nodes { salary } } }",
    "an unknown argument": "{ accounts(limit: 5) { totalCount } }",
    "an unknown operator": '{ accounts(where: {name: {like: "a"}}) { totalCount } }',
    "a missing argument": "{ account { id } }",
    "a wrong type": "{ accounts(first: true) { totalCount } }",
    "an unknown enum value": "{ accounts(orderBy: [{field: SALARY}]) { totalCount } }",
    "a missing selection": "{ accounts }",
    "an empty selection": "{ accounts { } }",
    "an unknown fragment": "{ ...F }",
    "a fragment in itself": "{ ...F } fragment F on Query { ...F }",
    "an unknown operation": "subscription { accounts { totalCount } }",
    "several operations without a name": "query A { __typename } query B { __typename }",
    "no operation": "fragment F on Query { __typename }",
    "a negative page": "{ accounts(first: -1) { totalCount } }",
    "a huge page": "{ accounts(first: 100000) { totalCount } }",
    "a page beyond 32 bits": "{ accounts(first: 99999999999) { totalCount } }",
    "first and last": "{ accounts(first: 1, last: 1) { totalCount } }",
    "a broken cursor": '{ accounts(after: "nonsense") { totalCount } }',
    "a cursor that is no list": '{ accounts(after: "e30=") { totalCount } }',
    "a cursor of umlauts": '{ accounts(after: "\u00e4\u00f6\u00fc") { totalCount } }',
    "an id that is none": '{ account(id: "1") { id } }',
    "null as a value": "{ accounts(where: {name: {eq: null}}) { totalCount } }",
    "null in a list": "{ accounts(where: {name: {in: [null]}}) { totalCount } }",
    "a NUL in a value": '{ accounts(where: {name: {eq: "a\\u0000"}}) { totalCount } }',
    "a date that is none": '{ contacts(where: {birthday: {eq: "2026-02-30"}}) { totalCount } }',
    "a time too late": '{ accounts(where: {createdAt: {gt: "9999-12-31T23:59:59-14:00"}}) { totalCount } }',
    "a large number": "{ activities(where: {value: {minorUnits: {gt: 9007199254740993}}}) { __typename } }",
    "a bucket on a text": "{ accountsAggregate(groupBy: [{field: NAME, bucket: DAY}]) { count } }",
    "a field grouped twice": "{ accountsAggregate(groupBy: [{field: NAME}, {field: NAME}]) { count } }",
    "an order by what is no key": "{ accountsAggregate(orderBy: [{key: NAME}]) { count } }",
    "a sum of times": "{ accountsAggregate(orderBy: {function: SUM, field: CREATED_AT}) { count } }",
    "too many groups": "{ accountsAggregate(first: 100000) { count } }",
    "an alias that no column can have": "{ " + "a" * 64 + ": accounts { totalCount } }",
    "too many aliases": "{ " + " ".join(f"a{i}: __typename" for i in range(16)) + " }",
    "too many root fields": "{ " + " ".join(f"__typename a{i}: __typename" for i in range(40)) + " }",
    "too deep": "{ accounts { nodes "
    + "{ contacts { nodes { account " * 4
    + "{ id }"
    + " } } }" * 4
    + " } }",
    "too dear": "{ accounts(first: 100) { nodes { contacts(first: 100) { nodes { id } } } } }",
    "too long": "{ __typename }" + " " * 15_000,
    "too many tokens": "{ " + "__typename " * 2_001 + "}",
    "two thousand braces": "{" * 2_000,
    "a million braces": "{" * 14_000,
    "relations in relations": "{ accounts(where: "
    + "{parent: {some: " * 20
    + "{}"
    + "}}" * 20
    + ") { totalCount } }",
    "filters in filters": "{ accounts(where: " + "{not: " * 20 + "{}" + "}" * 20 + ") { totalCount } }",
    "a field to count": "{ accountsAggregate(orderBy: {function: COUNT, field: EMPLOYEES}) { count } }",
    "deep brackets in a value": "{ accounts(where: {attributes: {contains: "
    + "[" * 900
    + "]" * 900
    + "}}) { totalCount } }",
    "deep filters": "{ accounts(where: " + "{not: " * 600 + "{}" + "}" * 600 + ") { totalCount } }",
    "many directives": "{ " + "__typename @include(if: true) " * 60 + "}",
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_question_that_cannot_be_answered_is_refused(
    client: httpx.AsyncClient, question: str
) -> None:
    refusal(await post(client, question))


def forged(*values: object) -> str:
    """A cursor that nobody gave out."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


BY_NAME = "query ($c: String) { accounts(after: $c, orderBy: [{field: NAME}]) { totalCount nodes { id } } }"
FILTERED = "query ($w: AccountFilter) { accounts(where: $w) { totalCount } }"
NUMBERS = """
query ($j: [JSON!] = [99999999999999999999999]) {
  accounts(where: {attributes: {at: {path: ["a"], in: $j}}}) { totalCount }
}
"""


def chained(depth: int) -> dict[str, Any]:
    """A filter that goes through a relation again and again."""
    return {"parent": {"some": chained(depth - 1)}} if depth else {}


VARIABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "missing": ("query ($id: ID!) { account(id: $id) { id } }", {}),
    "of another type": ("query ($n: Int) { accounts(first: $n) { totalCount } }", {"n": "five"}),
    "an id that is none": ("query ($id: ID!) { account(id: $id) { id } }", {"id": "x"}),
    "null where a value must be": (
        "query ($v: String) { accounts(where: {name: {eq: $v}}) { totalCount } }",
        {"v": None},
    ),
    "a filter of unknown fields": (
        "query ($w: AccountFilter) { accounts(where: $w) { totalCount } }",
        {"w": {"x": {}}},
    ),
    "a lone surrogate": (
        "query ($v: String) { accounts(where: {name: {eq: $v}}) { totalCount } }",
        {"v": "\ud800"},
    ),
    "a NUL": ("query ($v: String) { accounts(where: {name: {eq: $v}}) { totalCount } }", {"v": "\x00"}),
    "a NUL in JSON": (
        "query ($v: JSON) { accounts(where: {attributes: {contains: $v}}) { totalCount } }",
        {"v": {"a\x00": 1}},
    ),
    "a cursor of nulls": (BY_NAME, {"c": forged("NAME +>,ID +>", None, None)}),
    "a cursor without an id": (BY_NAME, {"c": forged("NAME +>,ID +>", "A", None)}),
    "a cursor without a name": (BY_NAME, {"c": forged("NAME +>,ID +>", None, MISSING)}),
    "a cursor of another kind": (BY_NAME, {"c": forged("NAME +>,ID +>", 5, MISSING)}),
    "relations in relations": (FILTERED, {"w": chained(20)}),
    "a thousand conditions": (FILTERED, {"w": {"or": [{"children": {"some": {}}}] * 1_000}}),
    "a number that JSON can't hold": (NUMBERS, {}),
    "two members of a oneOf": (
        "mutation ($i: ContactCreateInput!) { contactCreate(input: $i) { userErrors { code } } }",
        {"i": {"lastName": "a", "account": {"id": MISSING, "externalRef": {"system": "s", "id": "1"}}}},
    ),
}


@pytest.mark.parametrize(("question", "variables"), VARIABLES.values(), ids=VARIABLES)
async def test_variables_that_do_not_fit_are_refused(
    client: httpx.AsyncClient, question: str, variables: dict[str, Any]
) -> None:
    body = orjson.dumps({"query": question})[:-1] + b',"variables":' + json.dumps(variables).encode() + b"}"
    refusal(await client.post("/graphql", content=body, headers={"Content-Type": "application/json"}))


@given(
    st.dictionaries(
        st.sampled_from(["query", "variables", "operationName"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=10,
        ),
    )
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_random_json_never_gives_a_500(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    refusal(
        await client.post("/graphql", content=json.dumps(body), headers={"Content-Type": "application/json"})
    )


async def test_a_refused_write_writes_nothing(client: httpx.AsyncClient) -> None:
    create = """mutation {
        accountCreate(input: {name: "a", email: "no email", address: {country: "XX"}}) {
            account { id }
            userErrors { code path message }
        }
    }"""
    response = await post(client, create)
    payload = response.json()["data"]["accountCreate"]
    assert payload["account"] is None
    assert {tuple(error["path"]) for error in payload["userErrors"]} == {
        ("input", "email"),
        ("input", "address", "country"),
    }
    assert (await post(client, "{ accounts { totalCount } }")).json() == {
        "data": {"accounts": {"totalCount": 0}}
    }


async def test_what_is_too_dear_is_refused_on_every_way_and_before_it_is_written(
    client: httpx.AsyncClient,
) -> None:
    nested = "children(first: 100) { nodes { children(first: 100) { nodes { id } } } }"
    write = f'mutation {{ accountCreate(input: {{name: "a"}}) {{ account {{ {nested} }} }} }}'
    read = "{ __schema { queryType { name } } " + " ".join(
        f"a{i}: accounts(first: 30) {{ nodes {{ contacts(first: 30) {{ nodes {{ id }} }} }} }}"
        for i in range(10)
    )
    for query in (write, read + " }"):
        assert refusal(await post(client, query))["extensions"]["code"] == "REQUEST_TOO_LARGE"
    assert (await post(client, "{ accounts { totalCount } }")).json()["data"]["accounts"]["totalCount"] == 0


async def test_a_refused_part_of_a_request_lets_no_other_part_be_written(client: httpx.AsyncClient) -> None:
    good = 'a: accountCreate(input: {name: "a"}) { account { id } }'
    bad = 'b: accountCreate(input: {name: "b"}) { account { children(first: 101) { totalCount } } }'
    refusal(await post(client, f"mutation {{ {good} {bad} }}"))
    assert (await post(client, "{ accounts { totalCount } }")).json()["data"]["accounts"]["totalCount"] == 0
