"""`GET /` leads a browser to GraphiQL, or states what the service is and where the API is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tenure_core.settings import Settings
from tenure_schema.app import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@asynccontextmanager
async def open_client(*, ide: bool, root_path: str = "") -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(ide=ide), "postgresql://nowhere", [])
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://tenure.test") as client:
        yield client


async def test_a_browser_is_redirected_to_graphiql() -> None:
    async with open_client(ide=True) as client:
        response = await client.get("/", headers=BROWSER, follow_redirects=True)
    assert response.url.path == "/graphql"
    assert response.status_code == 200
    assert "/graphql/ide/ide.js" in response.text


async def test_the_redirect_is_relative_so_that_it_works_behind_a_path_prefix() -> None:
    async with open_client(ide=True) as client:
        response = await client.get("/", headers=BROWSER)
    assert (response.status_code, response.headers["Location"]) == (303, "graphql")


async def test_in_production_a_browser_gets_a_page_that_describes_the_service() -> None:
    async with open_client(ide=False) as client:
        response = await client.get("/", headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    for part in ("headless customer-retention platform", "/graphql", "/healthz", "Documentation"):
        assert part in response.text
    assert "//" not in response.text
    assert "<script" not in response.text


@pytest.mark.parametrize("ide", [True, False])
async def test_other_clients_get_json(ide: bool) -> None:
    async with open_client(ide=ide) as client:
        response = await client.get("/")
    assert response.json() == {"service": "Tenure", "graphql": "/graphql", "health": "/healthz"}
    assert response.headers["Vary"] == "Accept"


async def test_the_ide_is_disabled_in_production() -> None:
    async with open_client(ide=False) as client:
        assert (await client.get("/graphql", headers=BROWSER)).status_code == 405
