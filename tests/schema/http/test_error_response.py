"""Invalid requests are rejected with a status 4xx, a code and a message; never with a 500."""

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


def read_error(response: httpx.Response) -> dict[str, Any]:
    """The first error of a refused request, after checking what every read_error has."""
    assert 400 <= response.status_code < 500, response.text
    error: dict[str, Any] = response.json()["errors"][0]
    assert error["message"]
    assert error["extensions"]["code"] not in ("", "INTERNAL_ERROR")
    assert error["extensions"]["requestId"]
    assert "Traceback" not in response.text
    return error


BODIES = {
    "an empty body": b"",
    "invalid JSON": b"{",
    "not a number": b'{"query": "{ __typename }", "variables": {"x": NaN}}',
    "a list": b'[{"query": "{ __typename }"}]',
    "a string": b'"{ __typename }"',
    "no query": b"{}",
    "an empty query": b'{"query": " "}',
    "a query that is not a string": b'{"query": 5}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 5}',
    "bytes that are not UTF-8": b'{"query": "\xff"}',
    "a NUL": b'{"query": "{ __typename }\\u0000"}',
    "1000 levels of JSON": b'{"query": "{ __typename }", "variables": {"x": '
    + b"[" * 1000
    + b"]" * 1000
    + b"}}",
    "65 levels of JSON": b'{"query": "{ __typename }", "variables": {"x": ' + b"[" * 63 + b"]" * 63 + b"}}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_malformed_body_is_rejected(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert read_error(await client.post("/graphql", content=body, headers=headers))["extensions"]["code"] in (
        "BAD_USER_INPUT",
        "REQUEST_TOO_LARGE",
    )


async def test_a_body_of_ten_megabytes_is_rejected_with_413(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ __typename }" + " " * 10_000_000})
    assert response.status_code == 413
    assert read_error(response)["extensions"]["code"] == "REQUEST_TOO_LARGE"


@pytest.mark.parametrize(
    "media", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
)
async def test_another_media_type_is_rejected_with_415(client: httpx.AsyncClient, media: str) -> None:
    response = await client.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers={"Content-Type": media}
    )
    assert response.status_code == 415
    assert "application/json" in read_error(response)["message"]


async def test_unknown_paths_and_methods_are_rejected_with_a_hint(client: httpx.AsyncClient) -> None:
    for response in (
        await client.get("/nowhere"),
        await client.delete("/graphql"),
        await client.put("/graphql"),
    ):
        assert "/graphql" in read_error(response)["message"]


async def test_a_request_without_a_valid_key_is_rejected_with_401(client: httpx.AsyncClient) -> None:
    for header in ("", "Bearer ", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer \u00e4".encode("latin-1")):
        response = await client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": header}
        )
        assert response.status_code == 401
        assert read_error(response)["extensions"]["code"] == "UNAUTHENTICATED"


async def test_health_checks_need_no_key(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        response = await client.get(path, headers={"Authorization": ""})
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


OPERATIONS = {
    "a syntax error": "{",
    "an unknown field": "{ accounts { nodes { salary } } }",
    "an unknown argument": "{ accounts(limit: 5) { totalCount } }",
    "an unknown operator": '{ accounts(where: {name: {like: "a"}}) { totalCount } }',
    "a missing argument": "{ account { id } }",
    "a wrong type": "{ accounts(first: true) { totalCount } }",
    "an unknown enum value": "{ accounts(orderBy: [{field: SALARY}]) { totalCount } }",
    "a missing selection": "{ accounts }",
    "an empty selection": "{ accounts { } }",
    "an unknown fragment": "{ ...F }",
    "a recursive fragment": "{ ...F } fragment F on Query { ...F }",
    "an unknown operation": "subscription { accounts { totalCount } }",
    "several operations without a name": "query A { __typename } query B { __typename }",
    "no operation": "fragment F on Query { __typename }",
    "a negative page": "{ accounts(first: -1) { totalCount } }",
    "a huge page": "{ accounts(first: 100000) { totalCount } }",
    "a page beyond 32 bits": "{ accounts(first: 99999999999) { totalCount } }",
    "first and last": "{ accounts(first: 1, last: 1) { totalCount } }",
    "a broken cursor": '{ accounts(after: "nonsense") { totalCount } }',
    "a cursor that is not a list": '{ accounts(after: "e30=") { totalCount } }',
    "a cursor of umlauts": '{ accounts(after: "\u00e4\u00f6\u00fc") { totalCount } }',
    "an invalid id": '{ account(id: "1") { id } }',
    "null as a value": "{ accounts(where: {name: {eq: null}}) { totalCount } }",
    "null in a list": "{ accounts(where: {name: {in: [null]}}) { totalCount } }",
    "a NUL in a value": '{ accounts(where: {name: {eq: "a\\u0000"}}) { totalCount } }',
    "an invalid date": '{ contacts(where: {birthday: {eq: "2026-02-30"}}) { totalCount } }',
    "a time too late": '{ accounts(where: {createdAt: {gt: "9999-12-31T23:59:59-14:00"}}) { totalCount } }',
    "a large number": "{ activities(where: {value: {minorUnits: {gt: 9007199254740993}}}) { __typename } }",
    "a bucket on a text": "{ accountsAggregate(groupBy: [{field: NAME, bucket: DAY}]) { count } }",
    "a field grouped twice": "{ accountsAggregate(groupBy: [{field: NAME}, {field: NAME}]) { count } }",
    "an order by a field that is not a group key": "{ accountsAggregate(orderBy: [{key: NAME}]) { count } }",
    "a sum of times": "{ accountsAggregate(orderBy: {function: SUM, field: CREATED_AT}) { count } }",
    "too many groups": "{ accountsAggregate(first: 100000) { count } }",
    "an alias that is too long": "{ " + "a" * 64 + ": accounts { totalCount } }",
    "too many aliases": "{ " + " ".join(f"a{i}: __typename" for i in range(16)) + " }",
    "too many root fields": "{ " + " ".join(f"__typename a{i}: __typename" for i in range(40)) + " }",
    "too deep": "{ accounts { nodes "
    + "{ contacts { nodes { account " * 4
    + "{ id }"
    + " } } }" * 4
    + " } }",
    "too expensive": "{ accounts(first: 100) { nodes { contacts(first: 100) { nodes { id } } } } }",
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


@pytest.mark.parametrize("query", OPERATIONS.values(), ids=OPERATIONS)
async def test_an_invalid_operation_is_rejected(client: httpx.AsyncClient, query: str) -> None:
    read_error(await post(client, query))


def encode_cursor(*values: object) -> str:
    """Return a cursor with arbitrary values."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode()


BY_NAME = "query ($c: String) { accounts(after: $c, orderBy: [{field: NAME}]) { totalCount nodes { id } } }"
FILTERED = "query ($w: AccountFilter) { accounts(where: $w) { totalCount } }"
NUMBERS = """
query ($j: [JSON!] = [99999999999999999999999]) {
  accounts(where: {attributes: {at: {path: ["a"], in: $j}}}) { totalCount }
}
"""


def nest_filters(depth: int) -> dict[str, Any]:
    """Return a filter with nested relations."""
    return {"parent": {"some": nest_filters(depth - 1)}} if depth else {}


VARIABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "missing": ("query ($id: ID!) { account(id: $id) { id } }", {}),
    "a wrong type": ("query ($n: Int) { accounts(first: $n) { totalCount } }", {"n": "five"}),
    "an invalid id": ("query ($id: ID!) { account(id: $id) { id } }", {"id": "x"}),
    "null for a required value": (
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
    "a cursor of nulls": (BY_NAME, {"c": encode_cursor("NAME +>,ID +>", None, None)}),
    "a cursor without an id": (BY_NAME, {"c": encode_cursor("NAME +>,ID +>", "A", None)}),
    "a cursor without a name": (BY_NAME, {"c": encode_cursor("NAME +>,ID +>", None, MISSING)}),
    "a cursor with a wrong type": (BY_NAME, {"c": encode_cursor("NAME +>,ID +>", 5, MISSING)}),
    "relations in relations": (FILTERED, {"w": nest_filters(20)}),
    "a thousand conditions": (FILTERED, {"w": {"or": [{"children": {"some": {}}}] * 1_000}}),
    "a number out of range": (NUMBERS, {}),
    "two fields of a oneOf input": (
        "mutation ($i: ContactCreateInput!) { contactCreate(input: $i) { userErrors { code } } }",
        {"i": {"lastName": "a", "account": {"id": MISSING, "externalRef": {"system": "s", "id": "1"}}}},
    ),
}


@pytest.mark.parametrize(("query", "variables"), VARIABLES.values(), ids=VARIABLES)
async def test_invalid_variables_are_rejected(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any]
) -> None:
    body = orjson.dumps({"query": query})[:-1] + b',"variables":' + json.dumps(variables).encode() + b"}"
    read_error(await client.post("/graphql", content=body, headers={"Content-Type": "application/json"}))


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
async def test_random_json_never_causes_a_500(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    read_error(
        await client.post("/graphql", content=json.dumps(body), headers={"Content-Type": "application/json"})
    )


async def test_a_rejected_mutation_writes_nothing(client: httpx.AsyncClient) -> None:
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


async def test_an_operation_over_the_cost_limit_is_rejected_before_it_writes(
    client: httpx.AsyncClient,
) -> None:
    nested = "children(first: 100) { nodes { children(first: 100) { nodes { id } } } }"
    write = f'mutation {{ accountCreate(input: {{name: "a"}}) {{ account {{ {nested} }} }} }}'
    read = "{ __schema { queryType { name } } " + " ".join(
        f"a{i}: accounts(first: 30) {{ nodes {{ contacts(first: 30) {{ nodes {{ id }} }} }} }}"
        for i in range(10)
    )
    for query in (write, read + " }"):
        assert read_error(await post(client, query))["extensions"]["code"] == "REQUEST_TOO_LARGE"
    assert (await post(client, "{ accounts { totalCount } }")).json()["data"]["accounts"]["totalCount"] == 0


async def test_an_invalid_mutation_prevents_the_other_mutations_of_the_request(
    client: httpx.AsyncClient,
) -> None:
    good = 'a: accountCreate(input: {name: "a"}) { account { id } }'
    bad = 'b: accountCreate(input: {name: "b"}) { account { children(first: 101) { totalCount } } }'
    read_error(await post(client, f"mutation {{ {good} {bad} }}"))
    assert (await post(client, "{ accounts { totalCount } }")).json()["data"]["accounts"]["totalCount"] == 0
