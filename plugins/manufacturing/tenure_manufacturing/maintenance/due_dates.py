"""Planning: when the work of a plan is due next. Pure.

A plan counts from when its work was last done. Its work is due at whichever comes first of those that it
gives: after so many days; after so many running hours, which are projected from how much the equipment
runs; and once a meter reads past a threshold. What is done late puts off all that comes after: nobody
lubricates a machine seven times because nobody was there for a week.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

HORIZON = timedelta(days=3_653)
"""How far ahead running hours are projected: what is due in ten years is not planned by them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """After what the work of a plan is due again.

    Args:
        counts_from: When it was last done.
        counts_from_hours: How many hours the equipment had run then.
        days: After how many days it is due; None for never by the calendar.
        hours: After how many running hours it is due; None for never by those.
    """

    counts_from: datetime
    counts_from_hours: float
    days: int | None
    hours: float | None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much a piece of equipment runs.

    Args:
        hours: How many hours it had run.
        at: When.
        hours_per_day: How many it runs on a day; 0 where that is not known.
    """

    hours: float
    at: datetime
    hours_per_day: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter read at one time."""

    value: float
    at: datetime


def hours_per_day(earlier: Reading, later: Reading) -> float:
    """Return how many hours a day equipment ran between two readings of its running hours.

    Readings that lie less than an hour apart, or go backwards, tell nothing: 0. A day has 24 hours at most.
    """
    passed = later.at - earlier.at
    if passed < timedelta(hours=1):
        return 0.0
    return min(24.0, max(0.0, (later.value - earlier.value) / (passed / timedelta(days=1))))


def usage(
    hours: float, at: datetime, readings: tuple[Reading, Reading] | None, installed_at: datetime | None
) -> Usage:
    """Return how much a piece of equipment runs: as of late, or else since it was installed.

    Args:
        hours: How many hours it has run.
        at: When that was read.
        readings: The first and the last of its readings of late; None where there are none.
        installed_at: When it began to run; None where that is not known.
    """
    since_installed = (Reading(0, installed_at), Reading(hours, at)) if installed_at else None
    between = readings or since_installed
    return Usage(hours, at, hours_per_day(*between) if between else 0.0)


def due_by_calendar(interval: Interval) -> datetime | None:
    """Return when work is due by the calendar."""
    return None if interval.days is None else _later(interval.counts_from, interval.days)


def due_by_running_hours(interval: Interval, usage: Usage) -> datetime | None:
    """Return when work is due by running hours, as the equipment's usage foretells.

    Where the hours have run already it is the time of that reading, and None where the usage does not lead
    there within the horizon.
    """
    if interval.hours is None:
        return None
    left = interval.counts_from_hours + interval.hours - usage.hours
    if left <= 0:
        return max(usage.at, interval.counts_from)
    if left > usage.hours_per_day * (HORIZON / timedelta(days=1)):
        return None
    return _later(max(usage.at, interval.counts_from), left / usage.hours_per_day)


def _later(moment: datetime, days: float) -> datetime | None:
    """Return the moment so many days later; None past the end of all calendars, where typing errors lead."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return None


def next_due(interval: Interval, usage: Usage, past_threshold_at: datetime | None) -> datetime | None:
    """Return when the work of a plan is due next; None where nothing makes it due.

    Args:
        interval: After what it is due.
        usage: How much its equipment runs.
        past_threshold_at: When its meter first read past its threshold since the interval began.
    """
    return earliest((due_by_calendar(interval), due_by_running_hours(interval, usage), past_threshold_at))


def changed_noticeably(before: datetime | None, after: datetime | None) -> bool:
    """Return whether a foreseen moment is another one: what moves by hours is not worth a write."""
    if before is None or after is None:
        return before is not after
    return abs(after - before) >= timedelta(days=1)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """Return the first of some moments; None where there is none."""
    return min((moment for moment in moments if moment is not None), default=None)
