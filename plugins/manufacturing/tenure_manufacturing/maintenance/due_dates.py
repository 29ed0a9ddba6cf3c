"""Computes when a maintenance plan is due. No I/O.

A plan is due at the earliest of three times: after a number of days, after a number of running hours
(projected from the usage of the equipment), and when a meter reading passes a threshold. The interval starts
when the maintenance was last done, so late maintenance delays all later due dates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

HORIZON = timedelta(days=3_653)
"""Maximum projection of running hours, 10 years."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The current interval of a plan.

    Args:
        started_at: When the maintenance was last done, or the plan began.
        start_running_hours: Running hours of the equipment at that time.
        days: Length in days; None for no calendar interval.
        running_hours: Length in running hours; None for no such interval.
    """

    started_at: datetime
    start_running_hours: float
    days: int | None
    running_hours: float | None


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a piece of equipment.

    Args:
        running_hours: Running hours so far.
        at: When the running hours were read.
        hours_per_day: Average running hours per day; 0 if unknown.
    """

    running_hours: float
    at: datetime
    hours_per_day: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a meter at one time."""

    value: float
    at: datetime


def compute_hours_per_day(earlier: Reading, later: Reading) -> float:
    """Return the average running hours per day between two readings, from 0 to 24.

    The result is 0 if less than an hour passed or the value decreased.
    """
    elapsed = later.at - earlier.at
    if elapsed < timedelta(hours=1):
        return 0.0
    return min(24.0, max(0.0, (later.value - earlier.value) / (elapsed / timedelta(days=1))))


def compute_usage(
    running_hours: float,
    at: datetime,
    recent: tuple[Reading, Reading] | None,
    installed_at: datetime | None,
) -> Usage:
    """Return the usage of equipment according to recent readings, or else since its installation.

    Args:
        running_hours: Running hours so far.
        at: When they were read.
        recent: The first and the last recent reading; None if there are none.
        installed_at: The time of installation; None if unknown.
    """
    lifetime = (Reading(0, installed_at), Reading(running_hours, at)) if installed_at else None
    readings = recent or lifetime
    return Usage(running_hours, at, compute_hours_per_day(*readings) if readings else 0.0)


def compute_calendar_due(interval: Interval) -> datetime | None:
    """Return when the calendar interval ends."""
    return None if interval.days is None else _add_days(interval.started_at, interval.days)


def compute_running_hours_due(interval: Interval, usage: Usage) -> datetime | None:
    """Return when the interval in running hours ends.

    The result is the time of the last reading if the hours have already passed, and None if they are not
    reached within the horizon.
    """
    if interval.running_hours is None:
        return None
    remaining = interval.start_running_hours + interval.running_hours - usage.running_hours
    if remaining <= 0:
        return max(usage.at, interval.started_at)
    if remaining > usage.hours_per_day * (HORIZON / timedelta(days=1)):
        return None
    return _add_days(max(usage.at, interval.started_at), remaining / usage.hours_per_day)


def _add_days(at: datetime, days: float) -> datetime | None:
    """Return a time some days later; None if it is after the year 9999."""
    try:
        return at + timedelta(days=days)
    except OverflowError:
        return None


def compute_next_due(
    interval: Interval, usage: Usage, threshold_passed_at: datetime | None
) -> datetime | None:
    """Return when a plan is due; None if it is not due within the horizon.

    Args:
        interval: The current interval of the plan.
        usage: The usage of the equipment.
        threshold_passed_at: When a reading first passed the threshold in this interval.
    """
    return earliest(
        (compute_calendar_due(interval), compute_running_hours_due(interval, usage), threshold_passed_at)
    )


def changed_noticeably(before: datetime | None, after: datetime | None) -> bool:
    """Return whether a due time moved by at least one day. Smaller changes are not stored."""
    if before is None or after is None:
        return before is not after
    return abs(after - before) >= timedelta(days=1)


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest time; None if there is none."""
    return min((time for time in times if time is not None), default=None)
