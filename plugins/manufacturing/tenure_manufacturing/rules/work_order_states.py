"""States of work orders: what may follow what, and what each needs. Pure."""

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
"""What a work order may become from where it stands. A customer who does not accept the work sends it back
to IN_PROGRESS; what is signed off stays as it is."""

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        ASSIGNED: "assignee",
        IN_PROGRESS: "responded_at",
        COMPLETED: "completed_at",
        SIGNED_OFF: "signed_off_by",
    }
)
"""The field that a work order can't lack where it stands."""

UNFINISHED = (OPEN, ASSIGNED, IN_PROGRESS, ON_HOLD)
"""Where work is still to be done."""

UNTOUCHED = (OPEN, ASSIGNED)
"""Where nobody has begun."""

DONE = (COMPLETED, SIGNED_OFF)
"""Where the work was done."""

CLOSED = (SIGNED_OFF, CANCELLED)
"""Where a work order stays as it is: the customer has accepted what it says, or nobody works on it."""

BILLED_LATER = frozenset(("cost_minor_units", "cost_currency"))
"""What may still be written of it: bills come when the work is long accepted."""


def refused_step(before: str, after: str) -> str | None:
    """Return why a work order may not go from one state to another; None where it may.

    A record that is written as it is takes no step.
    """
    if before == after or after in TRANSITIONS[before]:
        return None
    if not TRANSITIONS[before]:
        return f"a work order that is {before} stays so: make a new one"
    return f"a work order that is {before} can become {_either(TRANSITIONS[before])}, not {after}"


def missing(status: str, values: Mapping[str, Any]) -> str | None:
    """Return the field that a work order lacks where it stands; None where it lacks none.

    Args:
        status: Where it stands.
        values: The values of the work order by attribute.
    """
    needed = NEEDS.get(status)
    return needed if needed and not values.get(needed) else None


def locked_field_error(status: str, name: str) -> str:
    """Return why a field of a closed work order may not be changed.

    Args:
        status: Where it stands.
        name: The field, as the API calls it.
    """
    reopened = ", unless it is OPEN again" if OPEN in TRANSITIONS[status] else ""
    return f"a work order that is {status} keeps its {name}{reopened}; only its cost may still be written"


def _either(words: tuple[str, ...]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
