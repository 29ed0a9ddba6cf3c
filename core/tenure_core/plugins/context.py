"""The context of plugin code: actor, session, write methods, settings and log, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import EntityInfo, with_internal_fields
from tenure_core.entities.declaration import Entity
from tenure_core.plugins.administration.tenant_settings import read_settings
from tenure_core.plugins.orm_session import SessionLease, lease_session
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.context import WriteContext
from tenure_core.write.operations import crud
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from tenure_core.plugins.host import Host
    from tenure_core.plugins.plugin import LoadedPlugin

Rows = Sequence[Mapping[str, object]]
"""Rows in the format of API inputs: JSON values by API field name."""

Result = TypeVar("Result")
Work = Callable[["Context"], Awaitable[Result]]
"""Work in a context. It is repeated if its transaction conflicts with another one."""


class Writer:
    """Writes rows with the validation and change capture of the API, in the transaction of a context.

    Pending changes of the context's session are flushed first. A rejected row has errors in its result; the
    other rows are written. Fields with `writable=False` can be written if the entity belongs to the plugin.

    Args:
        write_context: The context of the transaction.
        plugin: The name of the plugin.
        lease: The lease of the context's session.
    """

    def __init__(self, write_context: WriteContext, plugin: str, lease: SessionLease) -> None:
        self._write_context = write_context
        self._plugin = plugin
        self._lease = lease

    async def create(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Create records.

        Args:
            entity: The entity.
            rows: The field values of each record by API field name.

        Returns:
            A result for each row, in the same order.

        Raises:
            ForbiddenError: The actor may not write records of the entity. The other methods raise it, too.
        """
        return await crud.create(self._write_context, await self._prepare(entity), rows)

    async def update(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Update records. Each row contains the "id" and the fields to change."""
        return await crud.update(self._write_context, await self._prepare(entity), rows)

    async def upsert(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Create or update records, matched by id, unique field or external reference."""
        return await upsert(self._write_context, await self._prepare(entity), rows)

    async def delete(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Soft-delete records: they are hidden and can be restored."""
        return await crud.delete(self._write_context, await self._prepare(entity), [{"id": i} for i in ids])

    async def restore(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Restore soft-deleted records."""
        return await crud.restore(self._write_context, await self._prepare(entity), [{"id": i} for i in ids])

    async def _prepare(self, entity: type[Entity]) -> EntityInfo:
        context = self._write_context
        info = context.catalog[entity.__name__]
        context.grants.require_write(info)
        await self._lease.flush()
        return with_internal_fields(info) if info.plugin == self._plugin else info


class Context:
    """The context of plugin code: one tenant, one actor and one transaction.

    Args:
        write_context: The context of the transaction.
        plugin: The plugin.
        lease: The lease of its session.
    """

    def __init__(self, write_context: WriteContext, plugin: LoadedPlugin, lease: SessionLease) -> None:
        self.connection = write_context.connection
        self.catalog = write_context.catalog
        self.actor = write_context.actor
        self.plugin = plugin
        self.write = Writer(write_context, plugin.name, lease)
        self._lease = lease

    @property
    def session(self) -> AsyncSession:
        """A SQLAlchemy session that is bound to the tenant, in the transaction of the context.

        Its writes are captured in the change feed. It does not check the actor's permissions: use `require`,
        `require_read` or `write`.
        """
        return self._lease.session

    @property
    def log(self) -> FilteringBoundLogger:
        """A logger with the plugin and the tenant as fields. `TENURE_LOG_LEVEL` sets the level."""
        logger: FilteringBoundLogger = structlog.get_logger(
            plugin=self.plugin.name, tenant=str(self.actor.tenant_id)
        )
        return logger

    async def settings(self) -> BaseModel:
        """Return the tenant's settings of the plugin, as an instance of the model that it registered."""
        return await read_settings(self.connection, self.plugin, self.actor.tenant_id)

    def require(self, permission: str) -> None:
        """Check that the actor has a permission.

        Raises:
            ForbiddenError: The actor does not have it.
        """
        authorize(self.actor, self.catalog).require(permission)

    def require_read(self, *entities: type[Entity]) -> None:
        """Check that the actor may read records of all the entities.

        Raises:
            ForbiddenError: The actor may not read one of them.
        """
        grants = authorize(self.actor, self.catalog)
        for entity in entities:
            grants.require_read(self.catalog[entity.__name__])


@asynccontextmanager
async def use_context(write_context: WriteContext, plugin: LoadedPlugin) -> AsyncIterator[Context]:
    """Open a context in an existing transaction.

    Args:
        write_context: The context of the transaction.
        plugin: The plugin.
    """
    async with lease_session(write_context.connection, write_context.actor, write_context.catalog) as lease:
        yield Context(write_context, plugin, lease)


@asynccontextmanager
async def open_context(
    database: Database, host: Host, plugin: LoadedPlugin, actor: Actor
) -> AsyncIterator[Context]:
    """Open a context in a new transaction, which is committed at the end, or rolled back after an error.

    Args:
        database: The database.
        host: The plugins of this process.
        plugin: The plugin.
        actor: The actor.

    Raises:
        TenureError: The database is unavailable.
    """
    async with (
        database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection,
        use_context(host.write_context(connection, actor), plugin) as context,
    ):
        yield context


async def run_in_context(
    database: Database, host: Host, plugin: LoadedPlugin, actor: Actor, work: Work[Result]
) -> Result:
    """Call a function in a context and a new transaction, and commit it.

    If the transaction conflicts with another one, it is rolled back, and the function is called again.

    Args:
        database: The database.
        host: The plugins of this process.
        plugin: The plugin.
        actor: The actor.
        work: The function. Only the writes of its last call are committed.

    Raises:
        ConflictError: Every attempt conflicted with another transaction.
    """

    async def run_once(connection: TenantConnection) -> Result:
        async with use_context(host.write_context(connection, actor), plugin) as context:
            return await work(context)

    return await run_in_transaction(database, actor, run_once)
