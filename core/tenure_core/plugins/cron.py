"""Cron expressions, evaluated in UTC. Import this module only where needed: croniter is slow to import."""

from __future__ import annotations

from datetime import datetime, timedelta

from croniter import croniter  # type: ignore[import-untyped]  # croniter has no type information

SECOND = timedelta(seconds=1)


def is_cron_expression(text: str) -> bool:
    """Return whether a text is a valid cron expression."""
    return bool(croniter.is_valid(text))


def previous_time(expression: str, moment: datetime) -> datetime:
    """Return the last matching time at or before a moment."""
    following_second = moment.replace(microsecond=0) + SECOND
    previous: datetime = croniter(expression, following_second).get_prev(datetime)
    return previous


def next_time(expression: str, moment: datetime) -> datetime:
    """Return the first matching time after a moment."""
    following: datetime = croniter(expression, moment).get_next(datetime)
    return following
