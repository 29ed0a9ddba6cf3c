"""Keys: what the pack calls the records that it makes, so that making them twice makes them once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenure_sdk import RowResult, Status, TenureError

SYSTEM = "manufacturing"
"""The system of the pack's external references."""


class RefusedRowsError(TenureError):
    """Rows that the pack wrote itself, and that were refused."""


def match(key: str) -> dict[str, object]:
    """Return how a row names its record by a key of the pack."""
    return {"externalRef": {"system": SYSTEM, "id": key}}


def order_key(plan: UUID, counts_from: datetime) -> str:
    """Return the key of the work order that ends an interval of a plan: there is one, whoever makes it."""
    return f"plan/{plan}/{counts_from.isoformat()}"


def activity_key(sort: str, record: UUID) -> str:
    """Return the key of the activity that tells of a record, such as a "work-order"."""
    return f"{sort}/{record}"


def refuse_failures(what: str, results: Sequence[RowResult]) -> None:
    """Return where all rows were written.

    Raises:
        RefusedRowsError: One was not; nothing of the delivery or the job may then stay.
    """
    for result in results:
        if result.status is Status.FAILED:
            reasons = "; ".join(map(str, result.errors))
            raise RefusedRowsError(f"{what} {result.key} was refused: {reasons}.", "Mend the record.")
