"""Changes as plugins hear of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenure_core.catalog.change_operation import ChangeOperation


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was committed, as the change feed has it.

    Args:
        cursor: Its place in the feed.
        entity: The name of the entity.
        id: The record.
        operation: What was done to the record.
        changed_fields: The fields that were changed, by the API's names.
        before: What the record held, in the form of inputs; of an update, its changed fields; None for a
            new record.
        after: What it holds since, likewise; None for one that was purged.
        version: The record's version since.
        actor: Who wrote.
        origin: The system that the write came from.
        transaction_id: What was written together has the same.
        occurred_at: When.
    """

    cursor: str
    entity: str
    id: UUID
    operation: ChangeOperation
    changed_fields: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    version: int
    actor: str
    origin: str
    transaction_id: int
    occurred_at: datetime
