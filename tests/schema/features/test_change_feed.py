"""The change feed, histories and snapshots, planned and with resolvers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from starlette.applications import Starlette
from tests.support.feed_reader import Copy

from tenure_core.access.identity import Actor

Execute = Callable[..., Awaitable[dict[str, Any]]]

CREATE = """
    mutation Create($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } } }
"""
UPDATE = """
    mutation Update($input: AccountUpdateInput!) { accountUpdate(input: $input) { userErrors { message } } }
"""
DELETE = "mutation Delete($id: ID!) { accountDelete(input: {id: $id}) { userErrors { message } } }"

CHANGES = """
    query Changes($after: String, $first: Int, $operations: [ChangeOperation!], $without: String) {
        changes(after: $after, first: $first, operations: $operations, excludeOrigin: $without) {
            __typename
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor __typename }
            edges {
                __typename cursor entity id operation changedFields before after version actor origin
                transactionId occurredAt
                node { __typename id ... on Account { name updatedAt contacts { totalCount } } }
            }
        }
    }
"""
HISTORY = """
    query History($id: ID!, $first: Int, $after: String) {
        account(id: $id) {
            history(first: $first, after: $after) {
                edges { cursor operation changedFields before after version actor origin node { id } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            }
        }
    }
"""


@pytest.fixture(params=["planned", "with resolvers"])
def ask_either_way(
    request: pytest.FixtureRequest, execute: Execute, execute_with_resolvers: Execute
) -> Execute:
    return execute if request.param == "planned" else execute_with_resolvers


async def create(execute: Execute, **fields: Any) -> str:
    answer = await execute(CREATE, input={"name": "Acme", **fields})
    identity: str = answer["data"]["accountCreate"]["account"]["id"]
    return identity


async def test_a_change_has_the_values_before_and_after(
    execute: Execute, ask_either_way: Execute, actor: Actor
) -> None:
    identity = await create(execute, address={"city": "Bonn"})
    await execute(UPDATE, input={"id": identity, "name": "Acme GmbH", "address": None})
    page = (await ask_either_way(CHANGES))["data"]["changes"]
    created, updated = page["edges"]
    assert page["__typename"] == "ChangeConnection"
    assert page["pageInfo"]["__typename"] == "PageInfo"
    assert created["after"]["address"]["city"] == "Bonn"
    assert set(created["changedFields"]) == created["after"].keys()
    assert updated["changedFields"] == ["name", "address"]
    assert updated["before"] == {"name": "Acme", "address": created["after"]["address"]}
    assert updated["after"] == {"name": "Acme GmbH", "address": None}
    assert {key: updated[key] for key in ("__typename", "entity", "id", "operation", "version")} == {
        "__typename": "ChangeEdge",
        "entity": "Account",
        "id": identity,
        "operation": "UPDATE",
        "version": 2,
    }
    assert (updated["actor"], updated["origin"]) == (str(actor.key_id), actor.origin)
    assert int(updated["transactionId"]) > int(created["transactionId"])
    assert updated["node"] == {
        "__typename": "Account",
        "id": identity,
        "name": "Acme GmbH",
        "updatedAt": updated["occurredAt"],
        "contacts": {"totalCount": 0},
    }


async def test_the_change_of_a_deletion_has_no_node(execute: Execute, ask_either_way: Execute) -> None:
    identity = await create(execute)
    await execute(DELETE, id=identity)
    [edge] = (await ask_either_way(CHANGES, operations=["DELETE"]))["data"]["changes"]["edges"]
    assert (edge["id"], edge["after"], edge["node"]) == (identity, None, None)
    assert edge["before"]["name"] == "Acme"


async def test_pages_continue_from_the_end_cursor(execute: Execute, ask_either_way: Execute) -> None:
    created = [await create(execute, name=str(n)) for n in range(5)]
    read: list[str] = []
    after = None
    while len(read) < 5:
        page = (await ask_either_way(CHANGES, first=2, after=after))["data"]["changes"]
        read += [edge["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert read == created
    assert page["pageInfo"]["hasNextPage"] is False
    assert (await ask_either_way(CHANGES, after=after))["data"]["changes"]["edges"] == []


async def test_changes_of_an_origin_can_be_excluded(
    execute: Execute, ask_either_way: Execute, actor: Actor
) -> None:
    await create(execute)
    assert (await ask_either_way(CHANGES, without=actor.origin))["data"]["changes"]["edges"] == []


async def test_a_reader_sees_the_changes_of_its_tenant_only(
    execute: Execute, reader: Actor, other_actor: Actor
) -> None:
    await create(execute)
    assert len((await execute(CHANGES, as_=reader))["data"]["changes"]["edges"]) == 1
    assert (await execute(CHANGES, as_=other_actor))["data"]["changes"]["edges"] == []


async def test_after_can_be_a_literal(execute: Execute, ask_either_way: Execute) -> None:
    await create(execute)
    cursor = (await ask_either_way(CHANGES))["data"]["changes"]["edges"][0]["cursor"]
    for after in ("null", f'"{cursor}"'):
        response = await ask_either_way(f"{{ changes(after: {after}) {{ edges {{ id }} }} }}")
        assert len(response["data"]["changes"]["edges"]) == (after == "null")


class TestHistory:
    async def test_contains_the_changes_of_the_record_newest_first(
        self, execute: Execute, ask_either_way: Execute, actor: Actor
    ) -> None:
        identity = await create(execute)
        await create(execute, name="Other")
        await execute(UPDATE, input={"id": identity, "tier": "gold"})
        history = (await ask_either_way(HISTORY, id=identity))["data"]["account"]["history"]
        newest, oldest = history["edges"]
        assert (newest["operation"], oldest["operation"]) == ("UPDATE", "CREATE")
        assert (newest["before"], newest["after"]) == ({"tier": None}, {"tier": "gold"})
        assert newest["actor"] == str(actor.key_id)
        assert newest["node"] == {"id": identity}
        assert history["pageInfo"] == {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": newest["cursor"],
            "endCursor": oldest["cursor"],
        }

    async def test_has_pages(self, execute: Execute, ask_either_way: Execute) -> None:
        identity = await create(execute)
        for number in range(4):
            await execute(UPDATE, input={"id": identity, "employees": number})
        versions, after = [], None
        for more in (True, True, False):
            page = (await ask_either_way(HISTORY, id=identity, first=2, after=after))["data"]["account"][
                "history"
            ]
            versions += [edge["version"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            assert page["pageInfo"]["hasNextPage"] is more
        assert versions == [5, 4, 3, 2, 1]
        page = (await ask_either_way(HISTORY, id=identity, after=after))["data"]["account"]["history"]
        assert page["edges"] == []
        assert page["pageInfo"]["endCursor"] is None

    async def test_each_record_of_a_list_has_its_own_history(
        self, execute: Execute, ask_either_way: Execute
    ) -> None:
        for name in "AB":
            await create(execute, name=name)
        response = await ask_either_way(
            "{ accounts { nodes { name history(first: 1) { edges { after } } } } }"
        )
        for node in response["data"]["accounts"]["nodes"]:
            assert [edge["after"]["name"] for edge in node["history"]["edges"]] == [node["name"]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('{ changes(after: "x") { edges { id } } }', "cursor of the change feed"),
        ("{ changes(first: 2000) { edges { id } } }", "1 to 1,000"),
        ('{ changes(entities: ["Acount"]) { edges { id } } }', "no entity 'Acount'"),
        ('{ snapshot(entities: ["Acount"]) { url } }', "no entity 'Acount'"),
        ("{ snapshot(entities: []) { url } }", "entities is an empty list. Omit it"),
        ('{ accounts { nodes { history(after: "x") { edges { id } } } } }', "cursor of a history"),
        (
            "{ changes(first: 1000) { edges { node { ... on Account "
            "{ contacts(first: 100) { nodes { id } } } } } } }",
            "may return",
        ),
        ("{ accounts(first: 100) { nodes { history(first: 1000) { edges { id } } } } }", "may return"),
    ],
)
async def test_an_invalid_query_is_rejected_with_the_reason(
    client: httpx.AsyncClient, query: str, message: str
) -> None:
    answer = await client.post("/graphql", json={"query": query})
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]


async def test_an_expired_cursor_is_rejected_with_a_hint(
    client: httpx.AsyncClient, database_url: str
) -> None:
    await client.post("/graphql", json={"query": CREATE, "variables": {"input": {"name": "A"}}})
    [change] = (await client.post("/graphql", json={"query": CHANGES})).json()["data"]["changes"]["edges"]
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            """INSERT INTO change_horizon SELECT tenant_id, max(seq) + 1, '1' FROM change
               WHERE record_id = %s GROUP BY 1""",
            (change["id"],),
        )
    answer = await client.post("/graphql", json={"query": CHANGES, "variables": {"after": change["cursor"]}})
    assert answer.status_code == 410
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "CURSOR_EXPIRED"
    assert error["extensions"]["retryable"] is False
    assert "snapshot" in error["message"]


def lines(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [orjson.loads(line) for line in answer.content.splitlines()]


async def snapshot(client: httpx.AsyncClient, query: str = "{ snapshot { url } }") -> list[Any]:
    answer = (await client.post("/graphql", json={"query": query})).json()
    return lines(await client.get(answer["data"]["snapshot"]["url"]))


class TestSnapshot:
    async def test_contains_all_records_and_the_feed_continues_from_it(
        self, client: httpx.AsyncClient
    ) -> None:
        everything: dict[str, Any] = {
            "name": "Acme",
            "lifecycleStage": "CUSTOMER",
            "address": {"city": "Bonn"},
            "annualRevenue": {"minorUnits": 10, "currency": "EUR"},
            "tags": ["a", "b"],
            "attributes": {"x": {"y": [1.5, None, "ü\n"]}},
        }
        for name in ("first", "second"):
            body = {"query": CREATE, "variables": {"input": everything | {"name": name}}}
            await client.post("/graphql", json=body)
        changes = (await client.post("/graphql", json={"query": CHANGES})).json()["data"]["changes"]
        await client.post("/graphql", json={"query": DELETE, "variables": {"id": changes["edges"][1]["id"]}})
        first, record, last = await snapshot(client)
        assert record["data"] == changes["edges"][0]["after"]
        assert (record["entity"], record["id"]) == ("Account", changes["edges"][0]["id"])
        assert last == {"done": True, "counts": {"Account": 1, "Contact": 0, "Activity": 0}}
        after = {"query": CHANGES, "variables": {"after": first["cursor"]}}
        assert (await client.post("/graphql", json=after)).json()["data"]["changes"]["edges"] == []

    async def test_fields_have_the_same_format_as_in_the_feed(self, client: httpx.AsyncClient) -> None:
        account = {"query": CREATE, "variables": {"input": {"name": "A"}}}
        identity = (await client.post("/graphql", json=account)).json()["data"]["accountCreate"]["account"][
            "id"
        ]
        writes = (
            f"""contactCreate(input: {{lastName: "Lee", birthday: "1990-02-03", account: {{id: "{identity}"}},
                consent: {{email: GRANTED}}, tags: ["a"]}}) {{ userErrors {{ message }} }}""",
            f"""activityCreate(input: {{kind: CALL, occurredAt: "2026-03-31T09:30:00.123456Z", sentiment: 0.1,
                value: {{minorUnits: 9007199254740991, currency: "EUR"}}, account: {{id: "{identity}"}}}})
                {{ userErrors {{ message }} }}""",
        )
        for write in writes:
            done = (await client.post("/graphql", json={"query": f"mutation {{ {write} }}"})).json()
            assert done["data"].popitem()[1]["userErrors"] == []
        changes = (await client.post("/graphql", json={"query": CHANGES})).json()["data"]["changes"]["edges"]
        records = {line["id"]: line["data"] for line in await snapshot(client) if "data" in line}
        assert records == {change["id"]: change["after"] for change in changes}

    async def test_can_be_limited_to_entities(self, client: httpx.AsyncClient) -> None:
        lines_ = await snapshot(client, '{ snapshot(entities: ["Contact", "Activity"]) { url } }')
        assert lines_[-1]["counts"] == {"Contact": 0, "Activity": 0}
        named_twice = await client.get("/export?entities=Contact&entities=Activity")
        assert orjson.loads(named_twice.content.splitlines()[-1])["counts"] == lines_[-1]["counts"]

    async def test_concurrent_writes_are_in_the_feed(self, client: httpx.AsyncClient) -> None:
        for _ in range(20):
            await client.post("/graphql", json={"query": CREATE, "variables": {"input": {"name": "A"}}})
        copy = Copy(complete=False)
        lines_, *_ = await asyncio.gather(
            snapshot(client),
            *(
                client.post("/graphql", json={"query": CREATE, "variables": {"input": {"name": "B"}}})
                for _ in range(20)
            ),
        )
        for line in lines_[1:-1]:
            copy.load(line)
        after = {"query": CHANGES, "variables": {"after": lines_[0]["cursor"]}}
        for change in (await client.post("/graphql", json=after)).json()["data"]["changes"]["edges"]:
            copy.apply(change)
        assert len(copy.records) == 40

    @pytest.mark.parametrize(
        ("url", "headers", "status", "code"),
        [
            ("/export", {"Authorization": "Bearer nobody"}, 401, "UNAUTHENTICATED"),
            ("/export?entities=Acount", {}, 400, "BAD_USER_INPUT"),
            ("/export?entities=", {}, 400, "BAD_USER_INPUT"),
            ("/export?entites=Account", {}, 400, "BAD_USER_INPUT"),
        ],
    )
    async def test_an_invalid_request_is_rejected(
        self, client: httpx.AsyncClient, url: str, headers: dict[str, str], status: int, code: str
    ) -> None:
        answer = await client.get(url, headers=headers)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == code

    async def test_too_many_concurrent_exports_are_rejected_as_retryable(
        self, client: httpx.AsyncClient, app: Starlette
    ) -> None:
        async with app.state.export_slots, app.state.export_slots:
            answer = await client.get("/export")
        assert answer.status_code == 429
        assert answer.json()["errors"][0]["extensions"] | {"requestId": ""} == {
            "code": "BUSY",
            "requestId": "",
            "retryable": True,
        }
        assert (await client.get("/export")).status_code == 200
