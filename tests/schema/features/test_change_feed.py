"""Changes over GraphQL, both ways, and the snapshot that they go on from over HTTP."""

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

Ask = Callable[..., Awaitable[dict[str, Any]]]

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


@pytest.fixture(params=["the short way", "the general way"])
def way(request: pytest.FixtureRequest, ask: Ask, ask_generally: Ask) -> Ask:
    return ask if request.param == "the short way" else ask_generally


async def create(ask: Ask, **fields: Any) -> str:
    answer = await ask(CREATE, input={"name": "Acme", **fields})
    identity: str = answer["data"]["accountCreate"]["account"]["id"]
    return identity


async def test_a_change_says_everything_about_itself(ask: Ask, way: Ask, actor: Actor) -> None:
    identity = await create(ask, address={"city": "Bonn"})
    await ask(UPDATE, input={"id": identity, "name": "Acme GmbH", "address": None})
    found = (await way(CHANGES))["data"]["changes"]
    created, updated = found["edges"]
    assert found["__typename"] == "ChangeConnection"
    assert found["pageInfo"]["__typename"] == "PageInfo"
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


async def test_what_is_deleted_leaves_a_tombstone_without_a_node(ask: Ask, way: Ask) -> None:
    identity = await create(ask)
    await ask(DELETE, id=identity)
    [edge] = (await way(CHANGES, operations=["DELETE"]))["data"]["changes"]["edges"]
    assert (edge["id"], edge["after"], edge["node"]) == (identity, None, None)
    assert edge["before"]["name"] == "Acme"


async def test_pages_follow_one_another(ask: Ask, way: Ask) -> None:
    created = [await create(ask, name=str(n)) for n in range(5)]
    read: list[str] = []
    after = None
    while len(read) < 5:
        page = (await way(CHANGES, first=2, after=after))["data"]["changes"]
        read += [edge["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert read == created
    assert page["pageInfo"]["hasNextPage"] is False
    assert (await way(CHANGES, after=after))["data"]["changes"]["edges"] == []


async def test_a_sync_skips_its_own_echo(ask: Ask, way: Ask, actor: Actor) -> None:
    await create(ask)
    assert (await way(CHANGES, without=actor.origin))["data"]["changes"]["edges"] == []


async def test_a_reader_may_follow_and_a_stranger_sees_nothing(
    ask: Ask, reader: Actor, other_actor: Actor
) -> None:
    await create(ask)
    assert len((await ask(CHANGES, as_=reader))["data"]["changes"]["edges"]) == 1
    assert (await ask(CHANGES, as_=other_actor))["data"]["changes"]["edges"] == []


async def test_after_can_be_written_into_the_document(ask: Ask, way: Ask) -> None:
    await create(ask)
    cursor = (await way(CHANGES))["data"]["changes"]["edges"][0]["cursor"]
    for after in ("null", f'"{cursor}"'):
        found = await way(f"{{ changes(after: {after}) {{ edges {{ id }} }} }}")
        assert len(found["data"]["changes"]["edges"]) == (after == "null")


class TestHistory:
    async def test_a_record_tells_its_own_the_newest_first(self, ask: Ask, way: Ask, actor: Actor) -> None:
        identity = await create(ask)
        await create(ask, name="Other")
        await ask(UPDATE, input={"id": identity, "tier": "gold"})
        found = (await way(HISTORY, id=identity))["data"]["account"]["history"]
        newest, oldest = found["edges"]
        assert (newest["operation"], oldest["operation"]) == ("UPDATE", "CREATE")
        assert (newest["before"], newest["after"]) == ({"tier": None}, {"tier": "gold"})
        assert newest["actor"] == str(actor.key_id)
        assert newest["node"] == {"id": identity}
        assert found["pageInfo"] == {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": newest["cursor"],
            "endCursor": oldest["cursor"],
        }

    async def test_it_comes_page_by_page(self, ask: Ask, way: Ask) -> None:
        identity = await create(ask)
        for number in range(4):
            await ask(UPDATE, input={"id": identity, "employees": number})
        versions, after = [], None
        for more in (True, True, False):
            page = (await way(HISTORY, id=identity, first=2, after=after))["data"]["account"]["history"]
            versions += [edge["version"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            assert page["pageInfo"]["hasNextPage"] is more
        assert versions == [5, 4, 3, 2, 1]
        page = (await way(HISTORY, id=identity, after=after))["data"]["account"]["history"]
        assert page["edges"] == []
        assert page["pageInfo"]["endCursor"] is None

    async def test_each_record_of_a_list_has_its_own(self, ask: Ask, way: Ask) -> None:
        for name in "AB":
            await create(ask, name=name)
        found = await way("{ accounts { nodes { name history(first: 1) { edges { after } } } } }")
        for node in found["data"]["accounts"]["nodes"]:
            assert [edge["after"]["name"] for edge in node["history"]["edges"]] == [node["name"]]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ('{ changes(after: "x") { edges { id } } }', "cursor of the change feed"),
        ("{ changes(first: 2000) { edges { id } } }", "1 to 1000"),
        ('{ changes(entities: ["Acount"]) { edges { id } } }', "no entity 'Acount'"),
        ('{ snapshot(entities: ["Acount"]) { url } }', "no entity 'Acount'"),
        ("{ snapshot(entities: []) { url } }", "entities is an empty list. Name some"),
        ('{ accounts { nodes { history(after: "x") { edges { id } } } } }', "cursor of a history"),
        (
            "{ changes(first: 1000) { edges { node { ... on Account "
            "{ contacts(first: 100) { nodes { id } } } } } } }",
            "may bring",
        ),
        ("{ accounts(first: 100) { nodes { history(first: 1000) { edges { id } } } } }", "may bring"),
    ],
)
async def test_what_can_t_be_answered_is_refused_with_the_reason(
    client: httpx.AsyncClient, question: str, said: str
) -> None:
    answer = await client.post("/graphql", json={"query": question})
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]


async def test_a_cursor_that_is_too_old_says_what_to_do(client: httpx.AsyncClient, database_url: str) -> None:
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


async def snapshot(client: httpx.AsyncClient, question: str = "{ snapshot { url } }") -> list[Any]:
    answer = (await client.post("/graphql", json={"query": question})).json()
    return lines(await client.get(answer["data"]["snapshot"]["url"]))


class TestSnapshot:
    async def test_it_has_every_living_record_and_the_feed_goes_on_from_it(
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

    async def test_every_field_of_every_entity_has_one_form_in_it_and_in_the_feed(
        self, client: httpx.AsyncClient
    ) -> None:
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

    async def test_entities_can_be_chosen(self, client: httpx.AsyncClient) -> None:
        found = await snapshot(client, '{ snapshot(entities: ["Contact", "Activity"]) { url } }')
        assert found[-1]["counts"] == {"Contact": 0, "Activity": 0}
        named_twice = await client.get("/export?entities=Contact&entities=Activity")
        assert orjson.loads(named_twice.content.splitlines()[-1])["counts"] == found[-1]["counts"]

    async def test_writers_may_go_on_while_it_is_read(self, client: httpx.AsyncClient) -> None:
        for _ in range(20):
            await client.post("/graphql", json={"query": CREATE, "variables": {"input": {"name": "A"}}})
        copy = Copy(whole=False)
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
    async def test_what_is_wrong_with_a_request_is_said(
        self, client: httpx.AsyncClient, url: str, headers: dict[str, str], status: int, code: str
    ) -> None:
        answer = await client.get(url, headers=headers)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == code

    async def test_too_many_at_once_are_told_to_come_again(
        self, client: httpx.AsyncClient, app: Starlette
    ) -> None:
        async with app.state.exports, app.state.exports:
            answer = await client.get("/export")
        assert answer.status_code == 429
        assert answer.json()["errors"][0]["extensions"] | {"requestId": ""} == {
            "code": "BUSY",
            "requestId": "",
            "retryable": True,
        }
        assert (await client.get("/export")).status_code == 200
