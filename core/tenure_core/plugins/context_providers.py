"""Opens contexts in which the code of plugins runs: for batch fields and for resolvers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenure_core.access.identity import Actor
from tenure_core.plugins.context import Context, use_context
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.batch_resolver import ContextProvider


def snapshot_contexts(database: Database, host: Host, actor: Actor) -> ContextProvider:
    """Return a provider of contexts that each read from their own snapshot of the tenant's data."""

    @asynccontextmanager
    async def open_context(plugin: str) -> AsyncIterator[Context]:
        async with (
            database.snapshot_connection(actor.tenant_id) as connection,
            use_context(host.write_context(connection, actor), host[plugin]) as context,
        ):
            yield context

    return open_context


def savepoint_contexts(connection: TenantConnection, host: Host, actor: Actor) -> ContextProvider:
    """Return a provider of contexts in the transaction of a connection.

    Each context has its own savepoint, so that the transaction can continue after the code of a plugin fails.
    """

    @asynccontextmanager
    async def open_context(plugin: str) -> AsyncIterator[Context]:
        async with (
            connection.transaction(),
            use_context(host.write_context(connection, actor), host[plugin]) as context,
        ):
            yield context

    return open_context
