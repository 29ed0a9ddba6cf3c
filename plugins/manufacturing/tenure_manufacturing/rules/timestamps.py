"""Clocks: what has happened lies in the past, as far as clocks agree. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

CLOCKS_APART = timedelta(days=1)
"""How far the clock of whoever tells us something may be ahead of ours."""


def future_error(at: datetime, now: datetime) -> str | None:
    """Return why something can't have happened at a moment; None where it can.

    Args:
        at: When it is said to have happened.
        now: The present.
    """
    return f"{at.isoformat()} has not come yet" if at > now + CLOCKS_APART else None
