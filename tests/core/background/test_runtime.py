"""The application runs background work, unless the setting `worker` is false."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.support.background_plugins import Tenant, account_names, listener_plugin, wait_until

from tenure_core.access.identity import Actor
from tenure_core.changes.change import Change
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_schema.app import create_app


@pytest.mark.parametrize("worker", [True, False])
async def test_the_application_delivers_changes_if_the_setting_worker_is_true(
    database: Database, database_url: str, actor: Actor, settings: Settings, *, worker: bool
) -> None:
    received: list[str] = []

    async def listen(_: Context, changes: Sequence[Change]) -> None:
        received.extend(account_names(changes))

    plugin = listener_plugin(listen)
    tenant = Tenant(database, actor, plugin)
    await tenant.enable()
    app = create_app(settings.model_copy(update={"worker": worker}), database_url, [plugin])
    async with app.router.lifespan_context(app):
        await tenant.create_accounts("one")
        if worker:
            await wait_until(lambda: received == ["one"])
        await asyncio.sleep(0.3)
    assert received == (["one"] if worker else [])
