"""The application over HTTP: responses, timeouts, health checks and settings."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import orjson
import pytest
from tests.support.graphql_requests import execute_request

from tenure_core.access.identity import Actor, KeyCache
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.errors import InvalidDocumentError
from tenure_schema.operations.executor import Executor


async def test_a_response_has_the_request_id_and_the_duration_of_each_stage(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/graphql", json={"query": "{ accounts { totalCount } }"})
    assert response.json() == {"data": {"accounts": {"totalCount": 0}}}
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["X-Request-Id"])
    stages = [stage.split(";")[0] for stage in response.headers["Server-Timing"].split(", ")]
    assert stages == ["identify", "read", "plan", "run"]


async def test_introspection_and_planned_fields_can_be_combined(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ __schema { queryType { name } } accounts { totalCount } }"}
    )
    assert response.json()["data"] == {
        "__schema": {"queryType": {"name": "Query"}},
        "accounts": {"totalCount": 0},
    }


async def test_operation_name_selects_the_operation(client: httpx.AsyncClient) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    response = await client.post("/graphql", json={"query": query, "operationName": "B"})
    assert response.json() == {"data": {"b": "Query"}}


async def test_readyz_returns_503_without_a_database(settings: Settings) -> None:
    short_wait = settings.model_copy(update={"pool_wait_seconds": 0.2})
    database = create_app(settings, "")
    database.state.database = Database("host=127.0.0.1 port=1 dbname=none", short_wait)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(database), base_url="http://tenure.test"
    ) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/graphql"), ("GET", "/export"), ("POST", "/bulk/Account")]
)
async def test_a_request_without_a_key_gets_a_challenge(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, path, headers={"Authorization": ""})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["X-Request-Id"] == response.json()["errors"][0]["extensions"]["requestId"]


async def test_a_request_is_cancelled_after_the_timeout(
    settings: Settings, database_url: str, client: httpx.AsyncClient
) -> None:
    app = create_app(settings.model_copy(update={"request_timeout_seconds": 0.000001}), database_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tenure.test"
        ) as short_timeout_client:
            response = await short_timeout_client.post(
                "/graphql", json={"query": "{ accounts { totalCount } }"}, headers=client.headers
            )
    assert response.status_code == 504
    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"


async def test_the_log_of_a_failure_contains_neither_the_key_nor_the_query(
    settings: Settings, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = create_app(settings, "")
    database = Database(
        "host=127.0.0.1 port=1 dbname=none", settings.model_copy(update={"pool_wait_seconds": 0.2})
    )
    broken.state.keys = KeyCache(database, 1)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(broken), base_url="http://tenure.test"
    ) as other:
        query = '{ accounts(where: {name: {eq: "private"}}) { totalCount } }'
        response = await other.post("/graphql", json={"query": query}, headers=client.headers)
    logged = capsys.readouterr().err
    assert response.status_code == 503
    assert orjson.loads(logged.splitlines()[-1])["request_id"] == response.headers["X-Request-Id"]
    assert "private" not in logged
    assert client.headers["Authorization"].removeprefix("Bearer ") not in logged


@pytest.mark.parametrize("allowed", [True, False])
async def test_introspection_can_be_disabled(
    database: Database, settings: Settings, actor: Actor, allowed: bool
) -> None:
    executor = Executor(core_host(), database, settings.model_copy(update={"introspection": allowed}))
    query = "{ __schema { queryType { name } } }"
    if allowed:
        assert "data" in await execute_request(executor, actor, query)
    else:
        with pytest.raises(InvalidDocumentError, match="introspection"):
            await execute_request(executor, actor, query)


def test_every_setting_is_used() -> None:
    code = "".join(path.read_text() for path in Path(__file__).parents[2].glob("*/tenure_*/**/*.py"))
    assert [name for name in Settings.model_fields if not re.search(rf"settings\.{name}\b", code)] == []
