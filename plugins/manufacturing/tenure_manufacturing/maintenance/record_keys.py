"""Own records: what the pack calls those that it makes, so that making them twice makes them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tenure_sdk import Context, RowResult, Status

SYSTEM = "manufacturing"
"""The system of the pack's external references."""


Row = Mapping[str, object]


def match(key: str) -> dict[str, object]:
    """Return how a row names its record by a key of the pack."""
    return {"externalRef": {"system": SYSTEM, "id": key}}


def order_key(plan: UUID, counts_from: datetime) -> str:
    """Return the key of the work order that ends an interval of a plan: there is one, whoever makes it."""
    return f"plan/{plan}/{counts_from.isoformat()}"


def activity_key(sort: str, record: UUID) -> str:
    """Return the key of the activity that tells of a record, such as a "work-order"."""
    return f"{sort}/{record}"


def log_refused(context: Context, rows: Sequence[Row], results: Sequence[RowResult]) -> None:
    """Log each of the pack's own rows that was refused, such as one with a field that another system owns.

    The others count: one record must not keep the pack from its work on all others.
    """
    for row, result in zip(rows, results, strict=True):
        if result.status is Status.FAILED:
            named = row.get("id") or row.get("match")
            context.log.warning("a row was refused", row=named, reasons="; ".join(map(str, result.errors)))
