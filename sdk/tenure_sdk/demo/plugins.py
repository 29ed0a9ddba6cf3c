"""Puts what plugins add to the demo's story into the tenant `demo`, for each of them once."""

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
from tenure_core.plugins.plugin import LoadedPlugin, call_hook
from tenure_core.plugins.registrations import DemoAccount, DemoData
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.chunker import MAX_ROWS
from tenure_core.write.operations.upsert import upsert
from tenure_sdk.demo.loading import SEED

KNOWN = "SELECT plugin FROM tenant_plugin WHERE tenant_id = %(tenant)s"
"""The plugins that the tenant has, or had and disabled."""

ACCOUNTS = """
    SELECT account.id, account.name, coalesce(account.industry, ''),
        coalesce(min(activity.occurred_at), account.created_at)
    FROM account
    LEFT JOIN activity ON activity.tenant_id = account.tenant_id AND activity.account_id = account.id
    WHERE account.tenant_id = %(tenant)s AND account.deleted_at IS NULL
    GROUP BY account.tenant_id, account.id ORDER BY account.id
"""


async def load_plugins(database: Database, host: Host, actor: Actor, now: datetime) -> list[str]:
    """Enable each plugin that the tenant does not know yet, and write its demo data, in one transaction.

    A plugin whose requirements the tenant has disabled stays away.

    Args:
        database: Where to.
        host: The plugins, in whose order it is done.
        actor: Who writes, and for which tenant, which has the demo's story.
        now: The moment that the story ends.

    Returns:
        The names of the plugins that are new to the tenant.
    """
    return [
        plugin.name
        for plugin in host.plugins
        if await _load(database, host, plugin, actor, now.replace(second=0, microsecond=0))
    ]


async def _load(database: Database, host: Host, plugin: LoadedPlugin, actor: Actor, now: datetime) -> bool:
    async with database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection:
        cursor = await connection.execute(KNOWN, {"tenant": actor.tenant_id})
        known = {name for (name,) in await cursor.fetchall()}
        enabled = await enabled_plugins(connection, actor.tenant_id)
        if plugin.name in known or not enabled.issuperset(plugin.manifest.requires):
            return False
        await enable(connection, host, plugin.name, actor.tenant_id)
        acting = replace(actor, plugins=enabled | {plugin.name})
        await _Story(connection, host, plugin, acting).write(now)
    return True


class _Story:
    """Writes what one plugin adds."""

    def __init__(self, connection: TenantConnection, host: Host, plugin: LoadedPlugin, actor: Actor) -> None:
        self._connection = connection
        self._catalog = host.catalog
        self._plugin = plugin
        self._actor = actor

    async def write(self, now: datetime) -> None:
        demo: DemoData | None = call_hook(self._plugin.hooks, "register_demo_data")
        if demo is None:
            return
        chance = random.Random(f"{SEED} {self._plugin.name}")  # noqa: S311  # a story, not a secret
        for entity, rows in demo.rows(chance, await self._accounts(), now):
            for first in range(0, len(rows), MAX_ROWS):
                await self._upsert(entity, rows[first : first + MAX_ROWS])

    async def _accounts(self) -> list[DemoAccount]:
        cursor = await self._connection.execute(ACCOUNTS, {"tenant": self._actor.tenant_id})
        found: list[tuple[UUID, str, str, datetime]] = await cursor.fetchall()
        return [
            DemoAccount(id=identity, name=name, industry=industry, since=since)
            for identity, name, industry, since in found
        ]

    async def _upsert(self, entity: type[Entity], rows: Sequence[Mapping[str, object]]) -> None:
        info = self._catalog[entity.__name__]
        for result in await upsert(self._connection, self._catalog, info, self._actor, rows):
            if result.refused:
                raise TenureError(
                    f"The demo data of the plugin {self._plugin.name} has a faulty {info.name}: "
                    f"{result.key}: {result.errors[0]}."
                )
