"""Write sets: what a call is about to write, as plugins that check it see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.entities.declaration import Entity
from tenure_core.write.results import RowPath

if TYPE_CHECKING:
    from tenure_core.access.identity import Actor
    from tenure_core.catalog.catalog import Catalog
    from tenure_core.postgres.database import TenantConnection

Values = Mapping[str, Any]
"""Values of a record by the attributes of its entity, as Python has them: a reference under "account_id"."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """One row that is about to be written.

    Args:
        id: The record's identity; a new record has one already.
        operation: What happens to the record.
        values: What is written, by attribute; what is not there stays as it is.
    """

    id: UUID
    operation: ChangeOperation
    values: Values


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that may not be written.

    Args:
        row: Which one.
        path: The place in the row, by the API's names: ("status",).
        message: What is wrong and what would be right, for people.
    """

    row: RowWrite
    path: RowPath
    message: str


@dataclass(frozen=True, slots=True)
class WriteSet:
    """All sound rows of one entity that a call is about to write.

    Args:
        entity: What the rows are of.
        rows: The rows.
        read: Reads the records as they are; `stored` is the way to it.
    """

    entity: type[Entity]
    rows: Sequence[RowWrite]
    read: Callable[[], Awaitable[Mapping[UUID, Values]]]

    async def stored(self) -> Mapping[UUID, Values]:
        """Return the records as they are, by identity, in one statement; new ones are not among them."""
        return await self.read()


Check = Callable[["TenantConnection", "Catalog", "Actor", WriteSet], Awaitable[Iterable[Refusal] | None]]
"""Asks a plugin what it has against a write, in the transaction of the write."""


@dataclass(frozen=True, slots=True)
class Validator:
    """A plugin that checks writes.

    Args:
        plugin: Its name.
        check: Asks it.
    """

    plugin: str
    check: Check
