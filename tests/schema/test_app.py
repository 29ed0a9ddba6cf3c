"""The application answers over HTTP, and says which request it was and how long each stage took."""

from __future__ import annotations

import re

import httpx

from tenure_core.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app


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
