"""The application does what plugins do by themselves, unless it is told to leave that to workers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.background_plugins import Tenant, hearing, names, until

from tenure_core.access.identity import Actor
from tenure_core.changes.change import Change
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app


@pytest.mark.parametrize("worker", [True, False])
async def test_serving_tells_plugins_of_changes_where_the_setting_says_so(
    database: Database, database_url: str, actor: Actor, settings: Settings, *, worker: bool
) -> None:
    heard: list[str] = []

    async def hear(_: Context, changes: Sequence[Change]) -> None:
        heard.extend(names(changes))

    plugin = hearing(hear)
    tenant = Tenant(database, actor, plugin)
    await tenant.enable()
    app = create_app(settings.model_copy(update={"worker": worker}), database_url, [plugin])
    async with app.router.lifespan_context(app):
        await tenant.accounts("one")
        if worker:
            await until(lambda: heard == ["one"])
        await asyncio.sleep(0.3)
    assert heard == (["one"] if worker else [])
