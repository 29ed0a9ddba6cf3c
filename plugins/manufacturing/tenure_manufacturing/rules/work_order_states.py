"""The state machine of work orders: allowed transitions, required fields and locked fields. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tenure_manufacturing.entities.work_orders import WorkOrderStatus

OPEN, ASSIGNED, IN_PROGRESS, ON_HOLD, COMPLETED, SIGNED_OFF, CANCELLED = WorkOrderStatus

TRANSITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        OPEN: (ASSIGNED, IN_PROGRESS, CANCELLED),
        ASSIGNED: (OPEN, IN_PROGRESS, CANCELLED),
        IN_PROGRESS: (ON_HOLD, COMPLETED, CANCELLED),
        ON_HOLD: (IN_PROGRESS, CANCELLED),
        COMPLETED: (IN_PROGRESS, SIGNED_OFF),
        SIGNED_OFF: (),
        CANCELLED: (OPEN,),
    }
)
"""The allowed next statuses. COMPLETED returns to IN_PROGRESS if the customer does not accept the work."""

REQUIRED_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        ASSIGNED: "assignee",
        IN_PROGRESS: "responded_at",
        COMPLETED: "completed_at",
        SIGNED_OFF: "signed_off_by",
    }
)
"""The field that a work order needs, by status."""

UNFINISHED = (OPEN, ASSIGNED, IN_PROGRESS, ON_HOLD)
"""Statuses in which work remains."""

NOT_STARTED = (OPEN, ASSIGNED)
"""Statuses before the work begins."""

FINISHED = (COMPLETED, SIGNED_OFF)
"""Statuses after the work was done."""

LOCKED = (SIGNED_OFF, CANCELLED)
"""Statuses in which the fields of a work order cannot be changed."""

UNLOCKED_COLUMNS = frozenset(("cost_minor_units", "cost_currency"))
"""Columns that can be changed in every status: invoices arrive after the customer has accepted the work."""


def transition_error(before: str, after: str) -> str | None:
    """Return an error message if a status transition is not allowed, otherwise None.

    Args:
        before: The stored status.
        after: The new status; an equal status is allowed.
    """
    if before == after or after in TRANSITIONS[before]:
        return None
    if not TRANSITIONS[before]:
        return f"the status {before} is final: create a new work order"
    return f"the status {before} can change to {_join_with_or(TRANSITIONS[before])}, not to {after}"


def missing_field(status: str, values: Mapping[str, Any]) -> str | None:
    """Return the attribute that a work order needs in a status but does not have, otherwise None.

    Args:
        status: The status.
        values: The values of the work order by attribute.
    """
    name = REQUIRED_FIELDS.get(status)
    return name if name and not values.get(name) else None


def locked_field_error(status: str, name: str) -> str:
    """Return the error message for a change of a locked field.

    Args:
        status: The status of the work order, one of `LOCKED`.
        name: The name of the field in the API.
    """
    alternative = "the cost, or the status to OPEN" if OPEN in TRANSITIONS[status] else "the cost"
    return f"{name} cannot be changed while the status is {status}: change only {alternative}"


def _join_with_or(words: tuple[str, ...]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
