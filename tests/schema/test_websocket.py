"""GraphQL over a real WebSocket: events, authentication, limits and closing."""

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
from tenure_schema.app import create_app_for
from tenure_schema.websocket import MIN_KEY_CHECK_SECONDS

TIMEOUT_SECONDS = 10
CHANGED = "subscription { deskChanged { name version } }"


class RunningServer:
    """A running server."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.server = server
        self.port = port

    @asynccontextmanager
    async def socket(self, key: str | None, *, init: bool = True, **options: Any) -> AsyncIterator[Client]:
        """Open a connection, and send connection_init with a key."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"], **options) as connection:  # type: ignore[list-item]
            client = Client(connection)
            if init:
                payload = {"Authorization": f"Bearer {key}"} if key else {}
                await client.send(type="connection_init", payload=payload)
                assert await client.receive() == {"type": "connection_ack"}
            yield client


class Client:
    """A connected client."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> Any:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return json.loads(await self.connection.recv())

    async def subscribe(self, query: object, id: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def wait_closed(self) -> int:
        """Wait until the server closes the connection, and return the close code."""
        with pytest.raises(ConnectionClosed) as closed:
            await self.receive()
        assert closed.value.rcvd
        return closed.value.rcvd.code


@pytest.fixture(scope="module")
async def server(settings: Settings, database_url: str) -> AsyncIterator[RunningServer]:
    changed = {
        "api_key_cache_seconds": 0.2,
        "websocket_init_seconds": 0.3,
        "max_subscriptions": 2,
        "websocket_origins": ("https://front.example",),
        "max_body_bytes": 2000,
        "worker": False,
    }
    async with run_server(settings.model_copy(update=changed), database_url) as running_server:
        yield running_server


@asynccontextmanager
async def run_server(settings: Settings, database_url: str) -> AsyncIterator[RunningServer]:
    app = create_app_for(computed_plugin.HOST, settings, database_url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        async with app.router.lifespan_context(app):
            task = asyncio.create_task(server.serve([listener]))
            yield RunningServer(server, listener.getsockname()[1])
            server.should_exit = True
            await task


@pytest.fixture
def key(database_url: str) -> NewApiKey:
    """An administrator's key of a new tenant that has enabled the plugin."""
    return create_tenant_key(database_url)


def create_tenant_key(database_url: str, *, enabled: bool = True) -> NewApiKey:
    name = f"websocket {uuid.uuid4()}"
    api_key = create_key(database_url, name, Role.ADMIN, "test", "test")
    if enabled:
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "INSERT INTO tenant_plugin (tenant_id, plugin, enabled)"
                " SELECT id, %s, true FROM tenant WHERE name = %s",
                (computed_plugin.NAME, name),
            )
    return api_key


async def write(server: RunningServer, key: NewApiKey, query: str) -> Any:
    async with httpx.AsyncClient() as client:
        response = await client.post(
            f"http://127.0.0.1:{server.port}/graphql",
            json={"query": query},
            headers={"Authorization": f"Bearer {key.secret}"},
        )
    return response.json()


async def create(server: RunningServer, key: NewApiKey, name: str) -> None:
    await write(server, key, f'mutation {{ accountCreate(input: {{name: "{name}"}}) {{ status }} }}')


async def wait_for_resolver(client: Client) -> None:
    """Wait until the resolver of the subscription has started."""
    await asyncio.sleep(0.3)


async def test_an_event_contains_the_selected_fields_after_the_commit(
    server: RunningServer, key: NewApiKey, database_url: str
) -> None:
    other_key = create_tenant_key(database_url)
    async with server.socket(key.secret) as client:
        await client.subscribe(CHANGED)
        await wait_for_resolver(client)
        await create(server, other_key, "of another tenant")
        await create(server, key, "first")
        await create(server, key, "second")
        messages = [await client.receive(), await client.receive()]
        assert messages == [
            {"id": "1", "type": "next", "payload": {"data": {"deskChanged": {"name": name, "version": 1}}}}
            for name in ("first", "second")
        ]
        await client.send(type="complete", id="1")
        await create(server, key, "third")
        await client.subscribe("{ __typename }", "2")
        assert (await client.receive())["id"] == "2"


async def test_a_failing_subscription_sends_an_error_and_completes(
    server: RunningServer, key: NewApiKey
) -> None:
    async with server.socket(key.secret) as client:
        await client.subscribe('subscription { n: deskCount(of: "2026-01-01T00:00:00Z") }')
        messages = [await client.receive() for _ in range(5)]
        assert [message["payload"]["data"] for message in messages[:3]] == [
            {"n": f"{n} of 0 in 2026"} for n in range(3)
        ]
        [error] = messages[3]["payload"]["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["n"], "PLUGIN_FAILED")
        assert "secret" not in str(messages)
        assert messages[4] == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_are_executed_over_a_websocket(
    server: RunningServer, key: NewApiKey
) -> None:
    async with server.socket(key.secret) as client:
        await client.subscribe(
            "mutation { accountCreate(input: {name: $n}) { status } }".replace("$n", '"a"')
        )
        assert (await client.receive())["payload"] == {"data": {"accountCreate": {"status": "CREATED"}}}
        assert (await client.receive())["type"] == "complete"
        await client.subscribe(
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
async def test_an_invalid_operation_is_rejected_and_the_connection_stays_open(
    server: RunningServer, key: NewApiKey, query: object, code: str
) -> None:
    async with server.socket(key.secret) as client:
        await client.subscribe(query)
        message = await client.receive()
        assert message["type"] == "error"
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}
        await client.subscribe("{ __typename }")
        assert (await client.receive())["payload"] == {"data": {"__typename": "Query"}}


async def test_a_subscription_of_a_plugin_that_is_not_enabled_is_rejected(
    server: RunningServer, database_url: str
) -> None:
    async with server.socket(create_tenant_key(database_url, enabled=False).secret) as client:
        await client.subscribe(CHANGED)
        [error] = (await client.receive())["payload"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert "plugin desk, which is not enabled" in error["message"]


@pytest.mark.parametrize("secret", [None, "tenure_no_such_key"])
async def test_a_connection_without_a_known_key_is_closed(server: RunningServer, secret: str | None) -> None:
    async with server.socket(None, init=False) as client:
        payload = {"Authorization": f"Bearer {secret}"} if secret else {}
        await client.send(type="connection_init", payload=payload)
        assert await client.wait_closed() == 4403


async def test_the_key_can_be_sent_in_the_handshake(server: RunningServer, key: NewApiKey) -> None:
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with server.socket(None, additional_headers=headers) as client:
        await client.subscribe("{ __typename }")
        assert (await client.receive())["payload"] == {"data": {"__typename": "Query"}}


async def test_an_operation_before_connection_init_is_rejected(server: RunningServer) -> None:
    async with server.socket(None, init=False) as client:
        await client.subscribe("{ __typename }")
        assert await client.wait_closed() == 4401


async def test_a_connection_without_connection_init_times_out(server: RunningServer) -> None:
    async with server.socket(None, init=False) as client:
        assert await client.wait_closed() == 4408


async def test_the_periodic_key_check_does_not_close_a_connection_before_connection_init(
    settings: Settings, database_url: str, key: NewApiKey
) -> None:
    changed = {"api_key_cache_seconds": 0.1, "websocket_init_seconds": 5, "worker": False}
    async with (
        run_server(settings.model_copy(update=changed), database_url) as server,
        server.socket(None, init=False) as client,
    ):
        await asyncio.sleep(2 * MIN_KEY_CHECK_SECONDS)
        await client.send(type="connection_init", payload={"Authorization": f"Bearer {key.secret}"})
        assert await client.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("text", ["{", json.dumps({"type": "x" * 3000}), "[" * 100 + "]" * 100])
async def test_a_malformed_message_closes_the_connection(
    server: RunningServer, key: NewApiKey, text: str
) -> None:
    async with server.socket(key.secret) as client:
        await client.connection.send(text)
        assert await client.wait_closed() == 4400


async def test_the_number_of_subscriptions_per_connection_is_limited(
    server: RunningServer, key: NewApiKey
) -> None:
    async with server.socket(key.secret) as client:
        for number in range(3):
            await client.subscribe(CHANGED, str(number))
        message = await client.receive()
        assert (message["id"], message["type"]) == ("2", "error")
        await client.send(type="complete", id="0")
        await client.subscribe("{ __typename }", "3")
        assert (await client.receive())["type"] == "next"


async def test_other_origins_are_rejected(server: RunningServer, key: NewApiKey) -> None:
    with pytest.raises(InvalidStatus) as rejected:
        async with server.socket(key.secret, origin="https://evil.example"):
            pass
    assert rejected.value.response.status_code == 403
    for origin in ("https://front.example", f"http://127.0.0.1:{server.port}"):
        async with server.socket(key.secret, origin=origin) as client:
            assert client.connection.subprotocol == "graphql-transport-ws"


async def test_an_idle_connection_is_closed_after_its_key_is_revoked(
    server: RunningServer, key: NewApiKey, database_url: str
) -> None:
    async with server.socket(key.secret) as client:
        await client.subscribe(CHANGED)
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE api_key SET revoked_at = now() WHERE id = %s", (key.key_id,))
        assert await client.wait_closed() == 4403


async def test_a_subscription_ends_when_the_actor_of_the_key_changes(
    server: RunningServer, key: NewApiKey, database_url: str
) -> None:
    async with server.socket(key.secret) as client:
        await client.subscribe(CHANGED)
        await wait_for_resolver(client)
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE api_key SET origin = 'elsewhere' WHERE id = %s", (key.key_id,))
        await asyncio.sleep(0.3)
        await create(server, key, "a")
        message = await client.receive()
        assert message["type"] == "error"
        assert "Subscribe again" in message["payload"][0]["message"]


async def test_connections_are_closed_when_the_server_stops(
    settings: Settings, database_url: str, key: NewApiKey
) -> None:
    changed = settings.model_copy(update={"worker": False})
    async with run_server(changed, database_url) as server, server.socket(key.secret) as client:
        await client.subscribe(CHANGED)
        await wait_for_resolver(client)
        server.server.should_exit = True
        assert await client.wait_closed() == 1012


async def test_a_subscription_over_http_is_rejected_with_a_hint(
    server: RunningServer, key: NewApiKey
) -> None:
    [error] = (await write(server, key, CHANGED))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "WebSocket" in error["message"]
