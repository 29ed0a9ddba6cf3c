"""The interface between the write path and validators: the rows of a write, and what a validator returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.entities.declaration import Entity
from tenure_core.write.results import RowPath

if TYPE_CHECKING:
    from tenure_core.write.context import WriteContext

Values = Mapping[str, Any]
"""Python values of a record by attribute of its entity class; a reference is the id under "account_id"."""


@dataclass(frozen=True, slots=True)
class RowWrite:
    """A row that is about to be written.

    Args:
        id: The id of the record; a new record already has its id.
        operation: The change that the write makes to the record.
        values: The values to write, by attribute. Attributes that are not included keep their value.
    """

    id: UUID
    operation: ChangeOperation
    values: Values


@dataclass(frozen=True, slots=True)
class RowError:
    """A validation error: the row is not written.

    Args:
        row: The rejected row.
        path: Path of the field within the row, by the field's name in the API: ("status",).
        message: What is wrong and which value is allowed; clients receive it as an error of the row.
    """

    row: RowWrite
    path: RowPath
    message: str


@dataclass(frozen=True, slots=True)
class WriteSet:
    """The rows of one entity that a call is about to write; rows with errors are not included.

    Args:
        entity: The entity class of the rows.
        rows: The rows.
        read: Reads the stored records; use `read_stored` instead.
    """

    entity: type[Entity]
    rows: Sequence[RowWrite]
    read: Callable[[], Awaitable[Mapping[UUID, Values]]]

    async def read_stored(self) -> Mapping[UUID, Values]:
        """Return the records as stored before the write, by id.

        The first call reads all of them in one statement. New records are not included.
        """
        return await self.read()


Check = Callable[["WriteContext", WriteSet], Awaitable[Iterable[RowError] | None]]
"""Calls a plugin's `validate_write` hook in the transaction of the write."""


@dataclass(frozen=True, slots=True)
class Validator:
    """A plugin that implements `validate_write`.

    Args:
        plugin: The plugin's name.
        check: Calls the hook.
    """

    plugin: str
    check: Check
