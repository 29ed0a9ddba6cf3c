"""Writes the demo data of plugins."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tenure_core.access.identity import Actor
from tenure_core.entities.declaration import Entity
from tenure_core.errors import TenureError
from tenure_core.plugins.administration.enablement import enable, enabled_plugins
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import DemoAccount, DemoData
from tenure_core.postgres.database import Database
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.context import WriteContext
from tenure_core.write.operations.upsert import upsert
from tenure_sdk.demo.loading import SEED

KNOWN_PLUGINS = "SELECT plugin FROM tenant_plugin WHERE tenant_id = %(tenant)s"
"""The plugins that are, or once were, enabled for the tenant."""

ACCOUNTS = """
    SELECT account.id, account.name, coalesce(account.industry, ''),
        coalesce(min(activity.occurred_at), account.created_at)
    FROM account
    LEFT JOIN activity ON activity.tenant_id = account.tenant_id AND activity.account_id = account.id
    WHERE account.tenant_id = %(tenant)s AND account.deleted_at IS NULL
    GROUP BY account.tenant_id, account.id ORDER BY account.id
"""


async def load_plugins(database: Database, host: Host, actor: Actor, now: datetime) -> list[str]:
    """Enable each plugin that is new to the tenant and write its demo data, each in one transaction.

    A plugin that was disabled stays disabled, and so do the plugins that require it.

    Args:
        database: The database.
        host: The loaded plugins.
        actor: The writing actor, in the demo tenant, which has the demo data of the core.
        now: The time at which the demo data ends.

    Returns:
        The names of the plugins that were enabled.
    """
    return [
        plugin.name
        for plugin in host.plugins
        if await _load_plugin(database, host, plugin, actor, now.replace(second=0, microsecond=0))
    ]


async def _load_plugin(
    database: Database, host: Host, plugin: LoadedPlugin, actor: Actor, now: datetime
) -> bool:
    async with database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection:
        cursor = await connection.execute(KNOWN_PLUGINS, {"tenant": actor.tenant_id})
        known = {name for (name,) in await cursor.fetchall()}
        enabled = await enabled_plugins(connection, actor.tenant_id)
        if plugin.name in known or not enabled.issuperset(plugin.manifest.requires):
            return False
        await enable(connection, host, plugin.name, actor.tenant_id)
        plugin_actor = replace(actor, plugins=enabled | {plugin.name})
        if demo := plugin.registration(DemoData):
            await _write(host.write_context(connection, plugin_actor), plugin.name, demo, now)
    return True


async def _write(context: WriteContext, plugin: str, demo: DemoData, now: datetime) -> None:
    rng = random.Random(f"{SEED} {plugin}")  # noqa: S311  # demo data
    for entity, rows in demo.rows(rng, await _read_accounts(context), now):
        for start in range(0, len(rows), MAX_ROWS):
            await _upsert(context, plugin, entity, rows[start : start + MAX_ROWS])


async def _read_accounts(context: WriteContext) -> list[DemoAccount]:
    cursor = await context.execute(ACCOUNTS, {})
    rows: list[tuple[UUID, str, str, datetime]] = await cursor.fetchall()
    return [
        DemoAccount(id=account_id, name=name, industry=industry, since=since)
        for account_id, name, industry, since in rows
    ]


async def _upsert(
    context: WriteContext, plugin: str, entity: type[Entity], rows: Sequence[Mapping[str, object]]
) -> None:
    info = context.catalog[entity.__name__]
    for result in await upsert(context, info, rows):
        if result.is_rejected:
            raise TenureError(
                f"The demo data of the plugin {plugin} has an invalid {info.name} {result.key}: "
                f"{result.errors[0]}."
            )
