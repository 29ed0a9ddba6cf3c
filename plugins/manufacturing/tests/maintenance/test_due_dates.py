"""Planning: laws that hold for every plan and every machine, and the examples that people ask about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tenure_manufacturing.maintenance.due_dates import (
    HORIZON,
    Interval,
    Reading,
    Usage,
    due_by_calendar,
    due_by_running_hours,
    earliest,
    hours_per_day,
    next_due,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
hours = st.floats(0, 200_000)
rates = st.floats(0, 24)
intervals = st.builds(
    Interval,
    moments,
    hours,
    st.none() | st.integers(1, 36_525),
    st.none() | st.floats(1, 50_000),
)
usages = st.builds(Usage, hours, moments, rates)


@given(intervals, usages, st.none() | moments)
def test_work_is_due_at_whichever_comes_first(
    interval: Interval, usage: Usage, past: datetime | None
) -> None:
    due = next_due(interval, usage, past)
    ways = [due_by_calendar(interval), due_by_running_hours(interval, usage), past]
    assert due == min((way for way in ways if way), default=None)


@given(intervals, usages)
def test_nothing_is_due_before_its_interval_began(interval: Interval, usage: Usage) -> None:
    due = next_due(interval, usage, None)
    assert due is None or due >= interval.counts_from


@given(intervals, usages, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_work_that_is_done_later_is_never_due_earlier(
    interval: Interval, usage: Usage, later: timedelta
) -> None:
    due = due_by_calendar(interval)
    put_off = due_by_calendar(replace(interval, counts_from=interval.counts_from + later))
    assert (due is None) == (put_off is None)
    assert due is None or put_off is None or put_off - due == later


@given(intervals, usages, rates)
def test_what_runs_more_is_never_due_later(interval: Interval, usage: Usage, more: float) -> None:
    slower, faster = sorted((usage.hours_per_day, more))
    late = due_by_running_hours(interval, replace(usage, hours_per_day=slower))
    soon = due_by_running_hours(interval, replace(usage, hours_per_day=faster))
    assert late is None or (soon is not None and soon <= late)


@given(st.builds(Interval, st.just(START), hours, st.none(), st.floats(1, 5_000)), rates)
def test_the_projected_moment_is_when_the_hours_have_run(interval: Interval, rate: float) -> None:
    usage = Usage(interval.counts_from_hours, START, rate)
    due = due_by_running_hours(interval, usage)
    if due is None:
        assert rate * (HORIZON / DAY) < (interval.hours or 0) * 1.000001
    else:
        assert abs((due - START) / DAY * rate - (interval.hours or 0)) < 0.01


@given(intervals, usages)
def test_hours_that_have_run_are_due_already(interval: Interval, usage: Usage) -> None:
    run = interval.counts_from_hours + (interval.hours or 0)
    due = due_by_running_hours(interval, replace(usage, hours=run, hours_per_day=0))
    assert due == (None if interval.hours is None else max(usage.at, interval.counts_from))


@given(hours, moments, hours, moments)
def test_a_day_has_0_to_24_hours(first: float, at: datetime, second: float, then: datetime) -> None:
    assert 0 <= hours_per_day(Reading(first, at), Reading(second, then)) <= 24


@given(st.lists(st.none() | moments))
def test_the_earliest_is_one_of_those_that_are_given(given_: list[datetime | None]) -> None:
    found = earliest(given_)
    assert found in given_ or (found is None and not given_)
    assert all(found is not None and found <= one for one in given_ if one)


def test_a_machine_in_two_shifts_needs_its_oil_after_31_days() -> None:
    interval = Interval(START, 1_000, None, 500)
    assert due_by_running_hours(interval, Usage(1_000, START, 16)) == START + timedelta(days=31.25)


def test_a_machine_that_stands_still_is_due_by_the_calendar_alone() -> None:
    assert next_due(Interval(START, 0, 365, 500), Usage(20, START, 0), None) == START + 365 * DAY


def test_a_reading_past_the_threshold_makes_work_due_at_once() -> None:
    assert next_due(Interval(START, 0, 365, None), Usage(20, START, 0), START + DAY) == START + DAY


def test_hours_a_day_come_from_what_lies_between_two_readings() -> None:
    assert hours_per_day(Reading(100, START), Reading(156, START + 7 * DAY)) == 8


def test_readings_that_lie_minutes_apart_tell_nothing_of_a_day() -> None:
    assert hours_per_day(Reading(100, START), Reading(101, START + timedelta(minutes=5))) == 0
