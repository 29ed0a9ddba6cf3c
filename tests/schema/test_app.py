"""The application answers over HTTP, and says which request it was and how long each stage took."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import orjson
import pytest
from tests.support.graphql_requests import ask

from tenure_core.access.identity import Actor, KeyCache
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.operations.document_cache import InvalidDocumentError
from tenure_schema.operations.executor import Executor


async def test_an_answer_says_its_request_and_its_stages(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ accounts { totalCount } }"})
    assert response.json() == {"data": {"accounts": {"totalCount": 0}}}
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["X-Request-Id"])
    stages = [stage.split(";")[0] for stage in response.headers["Server-Timing"].split(", ")]
    assert stages == ["identify", "read", "plan", "run"]


async def test_introspection_goes_the_general_way(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ __schema { queryType { name } } accounts { totalCount } }"}
    )
    assert response.json()["data"] == {
        "__schema": {"queryType": {"name": "Query"}},
        "accounts": {"totalCount": 0},
    }


async def test_an_operation_is_chosen_by_its_name(client: httpx.AsyncClient) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    response = await client.post("/graphql", json={"query": query, "operationName": "B"})
    assert response.json() == {"data": {"b": "Query"}}


async def test_a_database_that_went_away_is_said_so(settings: Settings) -> None:
    brief = settings.model_copy(update={"pool_wait_seconds": 0.2})
    lost = create_app(settings, "")
    lost.state.database = Database("host=127.0.0.1 port=1 dbname=none", brief)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(lost), base_url="http://tenure.test"
    ) as client:
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "DATABASE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/graphql"), ("GET", "/export"), ("POST", "/bulk/Account")]
)
async def test_a_request_without_a_key_is_told_which_scheme_to_use(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, path, headers={"Authorization": ""})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["X-Request-Id"] == response.json()["errors"][0]["extensions"]["requestId"]


async def test_a_request_that_takes_too_long_is_given_up(
    settings: Settings, database_url: str, client: httpx.AsyncClient
) -> None:
    hasty = create_app(settings.model_copy(update={"request_timeout_seconds": 0.000001}), database_url)
    async with hasty.router.lifespan_context(hasty):
        transport = httpx.ASGITransport(hasty)
        async with httpx.AsyncClient(transport=transport, base_url="http://tenure.test") as impatient:
            response = await impatient.post(
                "/graphql", json={"query": "{ accounts { totalCount } }"}, headers=client.headers
            )
    assert response.status_code == 504
    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"


async def test_the_log_of_a_failure_holds_neither_the_key_nor_the_question(
    settings: Settings, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = create_app(settings, "")
    lost = Database(
        "host=127.0.0.1 port=1 dbname=none", settings.model_copy(update={"pool_wait_seconds": 0.2})
    )
    broken.state.keys = KeyCache(lost, 1)
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
async def test_the_schema_can_be_closed(
    database: Database, settings: Settings, actor: Actor, allowed: bool
) -> None:
    execution = Executor(core_host(), database, settings.model_copy(update={"introspection": allowed}))
    question = "{ __schema { queryType { name } } }"
    if allowed:
        assert "data" in await ask(execution, actor, question)
    else:
        with pytest.raises(InvalidDocumentError, match="introspection"):
            await ask(execution, actor, question)


def test_every_setting_is_read_somewhere() -> None:
    code = "".join(path.read_text() for path in Path(__file__).parents[2].glob("*/tenure_*/**/*.py"))
    assert [name for name in Settings.model_fields if not re.search(rf"settings\.{name}\b", code)] == []
