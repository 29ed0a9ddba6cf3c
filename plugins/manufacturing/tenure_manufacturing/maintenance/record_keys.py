"""External references of the records that the pack creates. They make its upserts idempotent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tenure_sdk import Context, RowResult

SYSTEM = "manufacturing"
"""The system of the external references."""

Row = Mapping[str, object]
"""A row as the API receives it."""


def match_key(key: str) -> dict[str, object]:
    """Return the `match` value of an upsert row with a key of the pack."""
    return {"externalRef": {"system": SYSTEM, "id": key}}


def work_order_key(plan_id: UUID, interval_started_at: datetime) -> str:
    """Return the key of the work order of a plan interval."""
    return f"plan/{plan_id}/{interval_started_at.isoformat()}"


def activity_key(prefix: str, record_id: UUID) -> str:
    """Return the key of the activity of a record.

    Args:
        prefix: The kind of record, such as "work-order".
        record_id: The id of the record.
    """
    return f"{prefix}/{record_id}"


def log_rejected_rows(context: Context, rows: Sequence[Row], results: Sequence[RowResult]) -> None:
    """Log the rows that were rejected, for example because another system owns a field.

    The pack does not raise an error for them, so that one record does not block all others.
    """
    for row, result in zip(rows, results, strict=True):
        if result.is_rejected:
            key = row.get("id") or row.get("match")
            context.log.warning("row rejected", row=key, errors="; ".join(map(str, result.errors)))
