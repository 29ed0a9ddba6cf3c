"""Subscriptions over a real WebSocket: events as they happen, for those who may, and no longer."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from tests.support import computed_plugin
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import NewApiKey, Role
from tenure_core.settings import Settings
from tenure_schema.app import app_of
from tenure_schema.websocket import SHORTEST_WATCH

PATIENCE_SECONDS = 10
CHANGED = "subscription { deskChanged { name version } }"


class Served:
    """A running server."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.server = server
        self.port = port

    @asynccontextmanager
    async def socket(self, key: str | None, *, begin: bool = True, **options: Any) -> AsyncIterator[Client]:
        """Open a socket, and begin with a key."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"], **options) as opened:  # type: ignore[list-item]
            client = Client(opened)
            if begin:
                payload = {"Authorization": f"Bearer {key}"} if key else {}
                await client.send(type="connection_init", payload=payload)
                assert await client.receive() == {"type": "connection_ack"}
            yield client


class Client:
    """The client's side of a socket."""

    def __init__(self, opened: ClientConnection) -> None:
        self.opened = opened

    async def send(self, **message: Any) -> None:
        await self.opened.send(json.dumps(message))

    async def receive(self) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return json.loads(await self.opened.recv())

    async def ask(self, query: object, id: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def code(self) -> int:
        """Wait until the server has closed the socket, and return why."""
        with pytest.raises(ConnectionClosed) as closed:
            await self.receive()
        assert closed.value.rcvd
        return closed.value.rcvd.code


@pytest.fixture(scope="module")
async def served(settings: Settings, database_url: str) -> AsyncIterator[Served]:
    changed = {
        "key_cache_seconds": 0.2,
        "websocket_init_seconds": 0.3,
        "max_subscriptions": 2,
        "websocket_origins": ("https://front.example",),
        "max_body_bytes": 2000,
        "worker": False,
    }
    async with serving(settings.model_copy(update=changed), database_url) as running:
        yield running


@asynccontextmanager
async def serving(settings: Settings, database_url: str) -> AsyncIterator[Served]:
    app = app_of(computed_plugin.HOST, settings, database_url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        async with app.router.lifespan_context(app):
            running = asyncio.create_task(server.serve([listener]))
            yield Served(server, listener.getsockname()[1])
            server.should_exit = True
            await running


@pytest.fixture
def key(database_url: str) -> NewApiKey:
    """An administrator's key of a fresh tenant that has enabled the plugin."""
    return new_key(database_url)


def new_key(database_url: str, *, enabled: bool = True) -> NewApiKey:
    name = f"socket {uuid.uuid4()}"
    made = create_key(database_url, name, Role.ADMIN, "test", "test")
    if enabled:
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "INSERT INTO tenant_plugin (tenant_id, plugin, enabled)"
                " SELECT id, %s, true FROM tenant WHERE name = %s",
                (computed_plugin.NAME, name),
            )
    return made


async def write(served: Served, key: NewApiKey, query: str) -> Any:
    async with httpx.AsyncClient() as client:
        response = await client.post(
            f"http://127.0.0.1:{served.port}/graphql",
            json={"query": query},
            headers={"Authorization": f"Bearer {key.secret}"},
        )
    return response.json()


async def create(served: Served, key: NewApiKey, name: str) -> None:
    await write(served, key, f'mutation {{ accountCreate(input: {{name: "{name}"}}) {{ status }} }}')


async def subscribed(client: Client) -> None:
    """Wait until a subscription's resolver runs: it is asked after those that came before."""
    await asyncio.sleep(0.3)


async def test_what_is_committed_is_told_with_all_that_is_asked_of_it(
    served: Served, key: NewApiKey, database_url: str
) -> None:
    stranger = new_key(database_url)
    async with served.socket(key.secret) as client:
        await client.ask(CHANGED)
        await subscribed(client)
        await create(served, stranger, "of another tenant")
        await create(served, key, "first")
        await create(served, key, "second")
        told = [await client.receive(), await client.receive()]
        assert told == [
            {"id": "1", "type": "next", "payload": {"data": {"deskChanged": {"name": name, "version": 1}}}}
            for name in ("first", "second")
        ]
        await client.send(type="complete", id="1")
        await create(served, key, "third")
        await client.ask("{ __typename }", "2")
        assert (await client.receive())["id"] == "2"


async def test_a_subscription_that_fails_says_so_and_ends(served: Served, key: NewApiKey) -> None:
    async with served.socket(key.secret) as client:
        await client.ask('subscription { n: deskCount(of: "2026-01-01T00:00:00Z") }')
        told = [await client.receive() for _ in range(5)]
        assert [one["payload"]["data"] for one in told[:3]] == [{"n": f"{n} of 0 in 2026"} for n in range(3)]
        [error] = told[3]["payload"]["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["n"], "PLUGIN_FAILED")
        assert "secret" not in str(told)
        assert told[4] == {"id": "1", "type": "complete"}


async def test_questions_and_writes_are_answered_on_a_socket_too(served: Served, key: NewApiKey) -> None:
    async with served.socket(key.secret) as client:
        await client.ask("mutation { accountCreate(input: {name: $n}) { status } }".replace("$n", '"a"'))
        assert (await client.receive())["payload"] == {"data": {"accountCreate": {"status": "CREATED"}}}
        assert (await client.receive())["type"] == "complete"
        await client.ask(
            "query ($n: String) { accounts(where: {name: {eq: $n}}) { totalCount } }", "2", n="a"
        )
        assert (await client.receive())["payload"] == {"data": {"accounts": {"totalCount": 1}}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { noSuch }", "BAD_USER_INPUT"),
        ("subscription {", "BAD_USER_INPUT"),
        ("subscription { __typename }", "BAD_USER_INPUT"),
        ("subscription { deskChanged @skip(if: true) { id } }", "BAD_USER_INPUT"),
        (7, "BAD_USER_INPUT"),
        ("subscription { a: deskChanged { id } b: deskChanged { id } }", "BAD_USER_INPUT"),
        ("{ accounts(first: 101) { totalCount } }", "BAD_USER_INPUT"),
        (
            "subscription { deskChanged { contacts(first: 100) "
            "{ nodes { activities(first: 100) { nodes { id } } } } } }",
            "REQUEST_TOO_LARGE",
        ),
    ],
)
async def test_what_is_wrong_is_told_and_the_socket_stays(
    served: Served, key: NewApiKey, query: object, code: str
) -> None:
    async with served.socket(key.secret) as client:
        await client.ask(query)
        told = await client.receive()
        assert told["type"] == "error"
        assert {error["extensions"]["code"] for error in told["payload"]} == {code}
        await client.ask("{ __typename }")
        assert (await client.receive())["payload"] == {"data": {"__typename": "Query"}}


async def test_a_tenant_that_has_not_enabled_the_plugin_is_refused(served: Served, database_url: str) -> None:
    async with served.socket(new_key(database_url, enabled=False).secret) as client:
        await client.ask(CHANGED)
        [error] = (await client.receive())["payload"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert "plugin desk, which is not enabled" in error["message"]


@pytest.mark.parametrize("sent", [None, "tenure_no_such_key"])
async def test_a_socket_without_a_known_key_is_closed(served: Served, sent: str | None) -> None:
    async with served.socket(None, begin=False) as client:
        payload = {"Authorization": f"Bearer {sent}"} if sent else {}
        await client.send(type="connection_init", payload=payload)
        assert await client.code() == 4403


async def test_a_key_may_come_with_the_handshake(served: Served, key: NewApiKey) -> None:
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with served.socket(None, additional_headers=headers) as client:
        await client.ask("{ __typename }")
        assert (await client.receive())["payload"] == {"data": {"__typename": "Query"}}


async def test_nothing_is_answered_before_the_key(served: Served) -> None:
    async with served.socket(None, begin=False) as client:
        await client.ask("{ __typename }")
        assert await client.code() == 4401


async def test_a_socket_that_says_nothing_is_closed(served: Served) -> None:
    async with served.socket(None, begin=False) as client:
        assert await client.code() == 4408


async def test_a_key_may_come_late_however_often_keys_are_looked_at(
    settings: Settings, database_url: str, key: NewApiKey
) -> None:
    changed = {"key_cache_seconds": 0.1, "websocket_init_seconds": 5, "worker": False}
    async with (
        serving(settings.model_copy(update=changed), database_url) as server,
        server.socket(None, begin=False) as client,
    ):
        await asyncio.sleep(2 * SHORTEST_WATCH)
        await client.send(type="connection_init", payload={"Authorization": f"Bearer {key.secret}"})
        assert await client.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("text", ["{", json.dumps({"type": "x" * 3000}), "[" * 100 + "]" * 100])
async def test_a_message_that_is_none_closes_the_socket(served: Served, key: NewApiKey, text: str) -> None:
    async with served.socket(key.secret) as client:
        await client.opened.send(text)
        assert await client.code() == 4400


async def test_no_more_than_so_many_subscriptions_run_on_one_socket(served: Served, key: NewApiKey) -> None:
    async with served.socket(key.secret) as client:
        for number in range(3):
            await client.ask(CHANGED, str(number))
        told = await client.receive()
        assert (told["id"], told["type"]) == ("2", "error")
        await client.send(type="complete", id="0")
        await client.ask("{ __typename }", "3")
        assert (await client.receive())["type"] == "next"


async def test_pages_of_other_origins_open_no_socket(served: Served, key: NewApiKey) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(key.secret, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    for origin in ("https://front.example", f"http://127.0.0.1:{served.port}"):
        async with served.socket(key.secret, origin=origin) as client:
            assert client.opened.subprotocol == "graphql-transport-ws"


async def test_a_socket_whose_key_is_revoked_is_closed_even_while_nothing_happens(
    served: Served, key: NewApiKey, database_url: str
) -> None:
    async with served.socket(key.secret) as client:
        await client.ask(CHANGED)
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE api_key SET revoked_at = now() WHERE id = %s", (key.key_id,))
        assert await client.code() == 4403


async def test_who_may_something_else_by_now_has_to_subscribe_again(
    served: Served, key: NewApiKey, database_url: str
) -> None:
    async with served.socket(key.secret) as client:
        await client.ask(CHANGED)
        await subscribed(client)
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE api_key SET origin = 'elsewhere' WHERE id = %s", (key.key_id,))
        await asyncio.sleep(0.3)
        await create(served, key, "a")
        told = await client.receive()
        assert told["type"] == "error"
        assert "Subscribe again" in told["payload"][0]["message"]


async def test_sockets_end_when_the_server_stops(
    settings: Settings, database_url: str, key: NewApiKey
) -> None:
    changed = settings.model_copy(update={"worker": False})
    async with serving(changed, database_url) as server, server.socket(key.secret) as client:
        await client.ask(CHANGED)
        await subscribed(client)
        server.server.should_exit = True
        assert await client.code() == 1012


async def test_a_subscription_over_http_is_refused_with_what_to_do(served: Served, key: NewApiKey) -> None:
    [error] = (await write(served, key, CHANGED))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "WebSocket" in error["message"]
