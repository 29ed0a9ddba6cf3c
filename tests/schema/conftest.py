"""What tests of the API stand on: execution over the real database, and the whole application over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests import asking

from tenure_core.catalog import Catalog
from tenure_core.database import Database
from tenure_core.identity import Actor, Role
from tenure_core.settings import Settings
from tenure_core.tokens import create_key
from tenure_schema.app import create_app
from tenure_schema.execution import Execution
from tenure_schema.question import Question

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def execution(catalog: Catalog, database: Database, settings: Settings) -> Execution:
    return Execution(catalog, database, settings)


@pytest.fixture
def ask(execution: Execution, actor: Actor) -> Ask:
    """Ask a question the short way and return the response as plain Python; `as_` asks as another actor."""

    async def answer(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        return await asking.ask(execution, as_, query, **variables)

    return answer


@pytest.fixture
def ask_generally(execution: Execution, actor: Actor) -> Ask:
    """Ask a question the general way."""

    async def answer(query: str, as_: Actor = actor, **variables: Any) -> dict[str, Any]:
        return await execution.answer_generally(Question(query, variables), as_, "test")

    return answer


@pytest.fixture(scope="session")
async def app(settings: Settings, database_url: str) -> AsyncIterator[Starlette]:
    """The whole application, started."""
    built = create_app(settings, database_url)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
async def client(app: Starlette, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with an administrator's key of a fresh tenant."""
    key = create_key(database_url, f"http {uuid.uuid4()}", Role.ADMIN, "test", "test")
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://tenure.test", headers=headers
    ) as opened:
        yield opened
