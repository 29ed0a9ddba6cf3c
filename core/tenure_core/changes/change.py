"""One change of the change feed, for change listeners and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenure_core.catalog.change_operation import ChangeOperation


@dataclass(frozen=True, slots=True)
class Change:
    """A committed change of one record.

    Args:
        cursor: Position in the change feed.
        entity: Name of the entity.
        id: Id of the record.
        operation: What was done to the record.
        changed_fields: API names of the changed fields.
        before: Previous values in the format of inputs: of the changed fields for an update, of all fields
            for a deletion or purge, and None for a new record.
        after: New values in the same format; None for a deletion or purge.
        version: Version of the record after the change.
        actor: Audit name of the actor who wrote the record.
        origin: The system that sent the write.
        transaction_id: Identifies the changes that were committed together.
        occurred_at: Time of the change, in UTC.
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
