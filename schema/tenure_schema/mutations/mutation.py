"""The base class of mutations, and the values that the runner passes to and receives from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tenure_core.access.grants import Grants, authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.batch_resolver import BatchResolver
from tenure_core.query.request import SelectedField
from tenure_core.settings import Settings
from tenure_core.write.context import WriteContext
from tenure_core.write.rows.pending_row import Row

FieldValues = Mapping[str, object]
"""Values of an object type by field name; `select_fields` converts them to a response."""


@dataclass(frozen=True, slots=True)
class MutationContext:
    """The context of the mutations of one request.

    Args:
        database: The database to write to.
        host: The loaded plugins.
        actor: The caller.
        settings: Cost limit and retention of idempotency keys.
        idempotency_key: The value of the header Idempotency-Key, if any.
        roots: The root fields of the request.
        batch_resolver: Computes the batch fields of returned records.
    """

    database: Database
    host: Host
    actor: Actor
    settings: Settings
    idempotency_key: str | None
    roots: tuple[SelectedField, ...]
    batch_resolver: BatchResolver

    @property
    def catalog(self) -> Catalog:
        """The entities."""
        return self.host.catalog

    @property
    def grants(self) -> Grants:
        """What the actor can access."""
        return authorize(self.actor, self.catalog)

    def write_context(self, connection: TenantConnection) -> WriteContext:
        """Return the context of writes in a transaction."""
        return self.host.write_context(connection, self.actor)


@dataclass(frozen=True, slots=True)
class MutationResult:
    """The result of a mutation.

    Args:
        values: The payload's fields, without `replayed`.
        written: Whether data was written; if not, the idempotency key can be used again.
    """

    values: FieldValues
    written: bool


@dataclass(frozen=True)
class Mutation(ABC):
    """A mutation of the schema.

    Args:
        name: Name of the root field, such as accountCreate.
        description: Description in the schema.
        changes_access: Whether it changes which entities the tenant's API keys can access.
    """

    name: str
    description: str
    changes_access: bool = field(default=False, kw_only=True)

    @property
    def input_type(self) -> str:
        """Name of the input type, such as AccountCreateInput."""
        return f"{self._type_prefix}Input"

    @property
    def payload_type(self) -> str:
        """Name of the payload type, such as AccountCreatePayload."""
        return f"{self._type_prefix}Payload"

    @property
    def _type_prefix(self) -> str:
        return self.name[0].upper() + self.name[1:]

    @property
    @abstractmethod
    def rejected_values(self) -> FieldValues:
        """The payload's own fields for a rejected call."""

    @abstractmethod
    def check(self, field: SelectedField, context: MutationContext) -> None:
        """Check permissions and cost before any mutation of the request is executed.

        Raises:
            ForbiddenError: The actor must not write this, or must not read a selected field.
            RequestTooLargeError: The payload would contain too many records.
        """

    @abstractmethod
    async def write(
        self, connection: TenantConnection, field: SelectedField, context: MutationContext
    ) -> MutationResult:
        """Execute the mutation in a transaction, which may be rolled back and retried."""


def input_of(field: SelectedField) -> Row:
    """Return the input of a mutation."""
    return cast(Row, field.arguments["input"])
