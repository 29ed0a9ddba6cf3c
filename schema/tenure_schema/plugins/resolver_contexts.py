"""The values of `info.context` in plugins' Strawberry resolvers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from psycopg.pq import TransactionStatus
from sqlalchemy import select
from strawberry.dataloader import DataLoader

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import visible_rows
from tenure_core.changes.change import Change
from tenure_core.changes.reader import follow_changes
from tenure_core.entities.declaration import Entity
from tenure_core.errors import TenureError
from tenure_core.plugins.context import Context
from tenure_core.plugins.context_providers import snapshot_contexts
from tenure_core.plugins.host import Host
from tenure_core.plugins.orm_session import SessionLease, visible_condition
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database
from tenure_core.write.context import WriteContext
from tenure_core.write.results import UserError
from tenure_schema.plugins.entity_refs import EntityRefLoader

E = TypeVar("E", bound=Entity)

SAVEPOINT = "tenure_mutation"
"""The savepoint between a mutation's resolver and the resolvers of its payload."""


class InputRejectedError(TenureError):
    """Raised by a mutation's resolver to reject its input: the transaction is rolled back.

    Args:
        errors: The reasons, which the payload's `userErrors` contains.
    """

    code = "BAD_USER_INPUT"

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)


class ResolverContext(Context):
    """The context of query and mutation resolvers: a plugin context with batching loaders.

    The context of a query reads one snapshot. The context of a mutation is in the transaction that is
    committed once the payload is complete.

    Args:
        write_context: The transaction, catalog and actor.
        plugin: The plugin of the resolver.
        lease: Provides the session.
        entity_refs: Resolves EntityRef values; internal.
    """

    def __init__(
        self,
        write_context: WriteContext,
        plugin: LoadedPlugin,
        lease: SessionLease,
        entity_refs: EntityRefLoader,
    ) -> None:
        super().__init__(write_context, plugin, lease)
        self.entity_refs = entity_refs
        self.is_rejected = False
        self._loaders: dict[tuple[type[Entity], str], DataLoader[UUID, Any]] = {}
        self._lock = asyncio.Lock()

    async def load(self, entity: type[E], identity: UUID) -> E | None:
        """Return a record by id; None if it does not exist, is deleted or is not visible to the actor.

        Concurrent calls are executed as one statement.
        """
        loader = self._loader(entity, "id", partial(self._load_by_id, entity))
        record: E | None = await loader.load(identity)
        return record

    async def load_related(self, entity: type[E], reference: str, identity: UUID) -> list[E]:
        """Return the records that reference a record, ordered by id, without deleted ones.

        Concurrent calls with the same reference are executed as one statement.

        Args:
            entity: The entity of the returned records.
            reference: The attribute with the reference, such as "account".
            identity: The id of the referenced record.
        """
        loader = self._loader(entity, reference, partial(self._load_by_reference, entity, f"{reference}_id"))
        records: list[E] = await loader.load(identity)
        return records

    def _loader(self, entity: type[Entity], by: str, load: Any) -> DataLoader[UUID, Any]:  # noqa: ANN401
        # Results are not cached: a mutation can write between two batches.
        return self._loaders.setdefault((entity, by), DataLoader(load_fn=load, cache=False))

    async def _load_by_id(self, entity: type[Entity], ids: list[UUID]) -> list[Entity | None]:
        records = {record.id: record for record in await self._select_visible(entity, "id", ids)}
        return [records.get(identity) for identity in ids]

    async def _load_by_reference(
        self, entity: type[Entity], column: str, ids: list[UUID]
    ) -> list[list[Entity]]:
        records: dict[UUID, list[Entity]] = defaultdict(list)
        for record in await self._select_visible(entity, column, ids):
            records[getattr(record, column)].append(record)
        return [records[identity] for identity in ids]

    async def _select_visible(self, entity: type[Entity], column: str, ids: list[UUID]) -> Sequence[Any]:
        table: Any = entity
        is_visible = visible_condition(self.catalog[entity.__name__], self.actor, self.catalog)
        statement = select(table).where(getattr(table, column).in_(ids), is_visible)
        async with self._lock:
            return (await self.session.scalars(statement.order_by(table.id))).all()


async def set_savepoint(context: ResolverContext) -> None:
    """Flush the session and set a savepoint after the resolver of a mutation."""
    await context._lease.flush()
    await context.connection.execute(f"SAVEPOINT {SAVEPOINT}")


async def restore_savepoint(context: ResolverContext) -> None:
    """Roll back to the savepoint if a resolver of the payload broke the transaction."""
    if context.connection.info.transaction_status == TransactionStatus.INERROR:
        await context.connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")


class SubscriptionContext:
    """The context of subscription resolvers. It occupies no database connection while it waits.

    Args:
        database: The database.
        host: The loaded plugins.
        plugin: The plugin of the resolver.
        actor: The subscriber.
    """

    def __init__(self, database: Database, host: Host, plugin: LoadedPlugin, actor: Actor) -> None:
        self.plugin = plugin
        self.actor = actor
        self._database = database
        self._host = host

    async def changes(self, *entities: type[Entity]) -> AsyncGenerator[Change]:
        """Yield the tenant's changes of some entities as they are committed, starting now.

        Raises:
            ForbiddenError: The actor cannot read one of the entities.
        """
        self.require_read(*entities)
        catalog = self._host.catalog
        infos = (catalog[entity.__name__] for entity in entities)
        rows = visible_rows(infos, authorize(self.actor, catalog), include_deleted=True)
        async with aclosing(follow_changes(self._database, self.actor, rows)) as changes:
            async for change in changes:
                yield change

    @asynccontextmanager
    async def open_snapshot(self) -> AsyncIterator[Context]:
        """Open a context that reads one snapshot of the tenant's data."""
        async with snapshot_contexts(self._database, self._host, self.actor)(self.plugin.name) as context:
            yield context

    def require_read(self, *entities: type[Entity]) -> None:
        """Check that the actor can read all of the entities.

        Raises:
            ForbiddenError: The actor's role does not allow it, or the tenant has not enabled a plugin.
        """
        grants = authorize(self.actor, self._host.catalog)
        for entity in entities:
            grants.require_read(self._host.catalog[entity.__name__])

    def require(self, permission: str) -> None:
        """Check that the actor has a permission.

        Raises:
            ForbiddenError: The actor's role does not have it.
        """
        authorize(self.actor, self._host.catalog).require(permission)
