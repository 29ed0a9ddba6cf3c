"""The context of a write: transaction, catalog, actor and validators. Every write function receives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from psycopg import AsyncCursor

from tenure_core.access.grants import Grants, authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.write_set import Validator

if TYPE_CHECKING:
    from tenure_core.write.field_ownership import ForeignFields

REPLAN_ROWS = 50
"""Statements for at least this many rows are planned at each execution.

During a load, tables grow faster than their statistics: a cached plan would scan a table that was small when
the plan was made.
"""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The transaction, catalog, actor and validators of a write.

    Args:
        connection: Connection in a transaction of the actor's tenant.
        catalog: The entities.
        actor: The caller; the write is recorded under the actor's name.
        validators: The validators of all loaded plugins; those of plugins that the tenant has not enabled
            are not called.
    """

    connection: TenantConnection
    catalog: Catalog
    actor: Actor
    validators: tuple[Validator, ...] = ()

    @property
    def grants(self) -> Grants:
        """The grants of the actor."""
        return authorize(self.actor, self.catalog)

    @property
    def enabled_validators(self) -> tuple[Validator, ...]:
        """The validators of the plugins that the tenant has enabled."""
        return tuple(validator for validator in self.validators if validator.plugin in self.actor.plugins)

    def for_entity(
        self, entity: EntityInfo, foreign_fields: ForeignFields = MappingProxyType({})
    ) -> EntityWriteContext:
        """Return the context for writing rows of one entity."""
        return EntityWriteContext(
            self.connection,
            self.catalog,
            self.actor,
            self.validators,
            entity=entity,
            foreign_fields=foreign_fields,
        )

    async def execute(
        self, statement: str, parameters: Mapping[str, object], row_count: int = 1
    ) -> AsyncCursor[Any]:
        """Execute a statement.

        Args:
            statement: SQL text with named parameters; those of `Actor.parameters` are included.
            parameters: The other parameters.
            row_count: How many rows the parameters contain.
        """
        prepare = False if row_count >= REPLAN_ROWS else None
        values = {**self.actor.parameters, **parameters}
        return await self.connection.execute(statement, values, prepare=prepare)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityWriteContext(WriteContext):
    """The context of a write of one entity's rows.

    Args:
        entity: The entity.
        foreign_fields: The fields that the actor must not write because another system owns them.
    """

    entity: EntityInfo
    foreign_fields: ForeignFields
