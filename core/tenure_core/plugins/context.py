"""Contexts: what a plugin's own code is given: who acts, and what it may use, in one transaction."""

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
from tenure_core.catalog.catalog import Catalog, EntityInfo, with_internal_fields
from tenure_core.entities.declaration import Entity
from tenure_core.plugins.orm_session import SessionLease, lease_session
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.operations import crud
from tenure_core.write.operations.upsert import upsert
from tenure_core.write.results import RowResult
from tenure_core.write.transaction import run_in_transaction

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from tenure_core.plugins.host import Host
    from tenure_core.plugins.plugin import LoadedPlugin

Rows = Sequence[Mapping[str, object]]
"""Rows as a client sends them: JSON values by the API's names."""

Result = TypeVar("Result")
Work = Callable[["Context"], Awaitable[Result]]
"""What is done with a context: it may be done several times, and counts once."""


class Writer:
    """The write module, in the transaction of a context: rows are checked and captured as a client's are.

    What the context's session has added or changed before is written first. A row that is refused says so in
    its result, and the others are written. Of the plugin's own entities it writes what clients do not, too.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What there is.
        plugin: Whose code writes.
        actor: Who writes.
        lent: Leads to the session of the context.
    """

    def __init__(
        self, connection: TenantConnection, catalog: Catalog, plugin: str, actor: Actor, lent: SessionLease
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._plugin = plugin
        self._actor = actor
        self._lent = lent

    async def create(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Insert new records; see `tenure_core.write.operations.crud.create`.

        Raises:
            ForbiddenError: The actor may not write such records; as of every other method.
        """
        info = await self._ready(entity)
        return await crud.create(self._connection, self._catalog, info, self._actor, rows)

    async def update(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Change records, which rows name by "id"; see `tenure_core.write.operations.crud.update`."""
        info = await self._ready(entity)
        return await crud.update(self._connection, self._catalog, info, self._actor, rows)

    async def upsert(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Create or change records by keys of their writers; see `tenure_core.write.operations.upsert.upsert`."""
        info = await self._ready(entity)
        return await upsert(self._connection, self._catalog, info, self._actor, rows)

    async def delete(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Delete records softly; see `tenure_core.write.operations.crud.delete`."""
        info = await self._ready(entity)
        return await crud.delete(
            self._connection, self._catalog, info, self._actor, [{"id": one} for one in ids]
        )

    async def restore(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Bring deleted records back; see `tenure_core.write.operations.crud.restore`."""
        info = await self._ready(entity)
        return await crud.restore(
            self._connection, self._catalog, info, self._actor, [{"id": one} for one in ids]
        )

    async def _ready(self, entity: type[Entity]) -> EntityInfo:
        info = self._catalog[entity.__name__]
        authorize(self._actor, self._catalog).grants.require_write(info)
        await self._lent.flush()
        return with_internal_fields(info) if info.plugin == self._plugin else info


class Context:
    """What a plugin's own code is given, for one tenant and one transaction.

    Args:
        connection: In a transaction of the actor's tenant; for the platform's own code.
        catalog: What there is.
        plugin: Whose code it is.
        actor: Who acts; in jobs and deliveries the plugin itself.
        lent: Leads to its session.
    """

    def __init__(
        self,
        connection: TenantConnection,
        catalog: Catalog,
        plugin: LoadedPlugin,
        actor: Actor,
        lent: SessionLease,
    ) -> None:
        self.connection = connection
        self.catalog = catalog
        self.plugin = plugin
        self.actor = actor
        self.write = Writer(connection, catalog, plugin.name, actor, lent)
        self._lent = lent

    @property
    def session(self) -> AsyncSession:
        """A session bound to the tenant, in the same transaction; see `tenure_core.plugins.orm_session`.

        What it writes is captured, too. What it may read and write, the plugin's code decides.
        """
        return self._lent.session

    @property
    def log(self) -> FilteringBoundLogger:
        """A logger that names the plugin and the tenant; `TENURE_LOG_LEVEL` says how much of it is seen."""
        named: FilteringBoundLogger = structlog.get_logger(
            plugin=self.plugin.name, tenant=str(self.actor.tenant_id)
        )
        return named

    async def settings(self) -> BaseModel:
        """Return the tenant's settings of the plugin, of the model that it registered."""
        # Plugins are loaded with contexts in hand: the other way round only where it is asked for.
        from tenure_core.plugins.administration.tenant_settings import read_settings

        return await read_settings(self.connection, self.plugin, self.actor.tenant_id)

    def require(self, permission: str) -> None:
        """Return where the actor has a permission.

        Raises:
            ForbiddenError: The actor's role does not have it.
        """
        authorize(self.actor, self.catalog).grants.require(permission)

    def require_read(self, *entities: type[Entity]) -> None:
        """Return where the actor may read records of all entities; the session itself does not ask.

        Raises:
            ForbiddenError: The actor's role may not.
        """
        grants = authorize(self.actor, self.catalog).grants
        for entity in entities:
            grants.require_read(self.catalog[entity.__name__])


@asynccontextmanager
async def use_context(
    connection: TenantConnection, catalog: Catalog, plugin: LoadedPlugin, actor: Actor
) -> AsyncIterator[Context]:
    """Lend a context in a transaction that is there already.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What there is.
        plugin: Whose code will use it.
        actor: Who acts.
    """
    async with lease_session(connection, actor.tenant_id) as lent:
        yield Context(connection, catalog, plugin, actor, lent)


@asynccontextmanager
async def open_context(
    database: Database, host: Host, plugin: LoadedPlugin, actor: Actor
) -> AsyncIterator[Context]:
    """Lend a context in a transaction of its own, which is committed at the end, or undone by an error.

    Args:
        database: Where the data is.
        host: What there is.
        plugin: Whose code will use it.
        actor: Who acts.

    Raises:
        TenureError: The database can't.
    """
    async with (
        database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection,
        use_context(connection, host.catalog, plugin, actor) as context,
    ):
        yield context


async def run_in_context(
    database: Database, host: Host, plugin: LoadedPlugin, actor: Actor, work: Work[Result]
) -> Result:
    """Do some work in a context and a transaction of its own, and again where it met another write.

    Args:
        database: Where the data is.
        host: What there is.
        plugin: Whose code it is.
        actor: Who acts.
        work: What to do; it may be done several times, and counts once.

    Raises:
        ConflictError: It met another write every time.
    """

    async def once(connection: TenantConnection) -> Result:
        async with use_context(connection, host.catalog, plugin, actor) as context:
            return await work(context)

    return await run_in_transaction(database, actor, once)
