"""Rejects timestamps in the future. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

MAX_CLOCK_DIFFERENCE = timedelta(days=1)
"""How far a sender's clock may be ahead of the server's clock."""


def future_error(at: datetime, now: datetime) -> str | None:
    """Return an error message if a timestamp of a past event is in the future, otherwise None.

    Args:
        at: The timestamp.
        now: The current time.
    """
    return f"{at.isoformat()} is in the future" if at > now + MAX_CLOCK_DIFFERENCE else None
