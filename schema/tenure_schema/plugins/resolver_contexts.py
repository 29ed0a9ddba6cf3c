"""Contexts of resolvers: what plugins' own Strawberry resolvers find as `info.context`."""

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
from tenure_core.catalog.catalog import Catalog
from tenure_core.changes.change import Change
from tenure_core.changes.reader import follow
from tenure_core.entities.declaration import Entity
from tenure_core.errors import TenureError
from tenure_core.plugins.context import Context
from tenure_core.plugins.host import Host
from tenure_core.plugins.orm_session import SessionLease
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.batch_resolver import snapshot_contexts
from tenure_core.write.results import UserError
from tenure_schema.plugins.entity_refs import EntityRefLoader

E = TypeVar("E", bound=Entity)

WRITTEN = "tenure_written"
"""The savepoint after what a mutation's resolver has written."""


class InputRefusedError(TenureError):
    """What a resolver of a mutation raises to refuse its input: nothing is written, and the payload says why.

    Args:
        errors: What is wrong; the payload's `userErrors` shows them.
    """

    code = "BAD_USER_INPUT"

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)


class ResolverContext(Context):
    """A context with loaders. All that is asked for at the same time is read in one statement.

    A query's context reads from one snapshot; a mutation's is in the transaction that is committed when its
    answer is complete.

    Args:
        connection: In a transaction of the actor's tenant.
        catalog: What there is.
        plugin: Whose code it is.
        actor: Who acts.
        lent: Leads to its session.
        references: Reads the records that resolvers refer to; for the platform's own code.
    """

    def __init__(
        self,
        connection: TenantConnection,
        catalog: Catalog,
        plugin: LoadedPlugin,
        actor: Actor,
        lent: SessionLease,
        references: EntityRefLoader,
    ) -> None:
        super().__init__(connection, catalog, plugin, actor, lent)
        self.references = references
        self.refused = False
        self._loaders: dict[tuple[type[Entity], str], DataLoader[UUID, Any]] = {}
        self._turn = asyncio.Lock()

    async def mark_written(self) -> None:
        """Note where a mutation's resolver is done: what goes wrong in its answer undoes nothing before."""
        await self._lent.flush()
        await self.connection.execute(f"SAVEPOINT {WRITTEN}")

    async def keep_written(self) -> None:
        """Undo what has gone wrong since the resolver was done."""
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            await self.connection.execute(f"ROLLBACK TO SAVEPOINT {WRITTEN}")

    async def load(self, entity: type[E], identity: UUID) -> E | None:
        """Return a living record, or None."""
        loader = self._loader(entity, "id", partial(self._records, entity))
        found: E | None = await loader.load(identity)
        return found

    async def load_related(self, entity: type[E], reference: str, identity: UUID) -> list[E]:
        """Return the living records of an entity whose reference leads to a record, by their ids.

        Args:
            entity: Whose records.
            reference: The attribute of the reference, such as "account".
            identity: The record that they refer to.
        """
        loader = self._loader(entity, reference, partial(self._referring, entity, f"{reference}_id"))
        found: list[E] = await loader.load(identity)
        return found

    def _loader(self, entity: type[Entity], by: str, load: Any) -> DataLoader[UUID, Any]:  # noqa: ANN401
        # Not kept from one batch to the next: a mutation may have written in between.
        return self._loaders.setdefault((entity, by), DataLoader(load_fn=load, cache=False))

    async def _records(self, entity: type[Entity], ids: list[UUID]) -> list[Entity | None]:
        found = {record.id: record for record in await self._living(entity, "id", ids)}
        return [found.get(identity) for identity in ids]

    async def _referring(self, entity: type[Entity], column: str, ids: list[UUID]) -> list[list[Entity]]:
        found: dict[UUID, list[Entity]] = defaultdict(list)
        for record in await self._living(entity, column, ids):
            found[getattr(record, column)].append(record)
        return [found[identity] for identity in ids]

    async def _living(self, entity: type[Entity], column: str, ids: list[UUID]) -> Sequence[Any]:
        table: Any = entity
        wanted = select(table).where(getattr(table, column).in_(ids), table.deleted_at.is_(None))
        async with self._turn:
            return (await self.session.scalars(wanted.order_by(table.id))).all()


class SubscriptionContext:
    """What the resolver of a subscription is given. It holds no connection while it waits.

    Args:
        database: Where the data is; for the platform's own code.
        host: What there is; for the platform's own code.
        plugin: Whose code it is.
        actor: Who has subscribed.
    """

    def __init__(self, database: Database, host: Host, plugin: LoadedPlugin, actor: Actor) -> None:
        self.plugin = plugin
        self.actor = actor
        self._database = database
        self._host = host

    async def changes(self, *entities: type[Entity]) -> AsyncGenerator[Change]:
        """Yield the tenant's changes of some entities from now on, as they are committed.

        Raises:
            ForbiddenError: The actor may not read one of them.
        """
        self.require_read(*entities)
        names = [entity.__name__ for entity in entities]
        async with aclosing(follow(self._database, self.actor.tenant_id, names)) as changes:
            async for change in changes:
                yield change

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Context]:
        """Lend a context that reads from one snapshot of the tenant's data."""
        async with snapshot_contexts(self._database, self._host, self.actor)(self.plugin.name) as context:
            yield context

    def require_read(self, *entities: type[Entity]) -> None:
        """Return where the actor may read records of all the entities.

        Raises:
            ForbiddenError: The actor's role may not, or the tenant has not enabled their plugin.
        """
        grants = authorize(self.actor, self._host.catalog).grants
        for entity in entities:
            grants.require_read(self._host.catalog[entity.__name__])

    def require(self, permission: str) -> None:
        """Return where the actor has a permission.

        Raises:
            ForbiddenError: The actor's role does not have it.
        """
        authorize(self.actor, self._host.catalog).grants.require(permission)
