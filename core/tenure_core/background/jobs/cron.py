"""Cron: moments that return by the clock and the calendar, in UTC. To be imported only where it is needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from croniter import croniter  # type: ignore[import-untyped]  # it comes without types

SECOND = timedelta(seconds=1)


def is_cron(text: str) -> bool:
    """Return whether a text says when, as cron writes it."""
    return bool(croniter.is_valid(text))


def last_time(text: str, moment: datetime) -> datetime:
    """Return the last time that a text says, which may be the moment itself."""
    following_second = moment.replace(microsecond=0) + SECOND
    found: datetime = croniter(text, following_second).get_prev(datetime)
    return found


def next_time(text: str, moment: datetime) -> datetime:
    """Return the next time that a text says, after the moment."""
    found: datetime = croniter(text, moment).get_next(datetime)
    return found
