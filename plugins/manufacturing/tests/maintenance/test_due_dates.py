"""Due dates: properties that hold for every plan and every usage, and examples."""

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
    compute_calendar_due,
    compute_hours_per_day,
    compute_next_due,
    compute_running_hours_due,
    earliest,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

times = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
hours = st.floats(0, 200_000)
rates = st.floats(0, 24)
intervals = st.builds(
    Interval,
    times,
    hours,
    st.none() | st.integers(1, 36_525),
    st.none() | st.floats(1, 50_000),
)
usages = st.builds(Usage, hours, times, rates)


@given(intervals, usages, st.none() | times)
def test_a_plan_is_due_at_the_earliest_of_its_due_times(
    interval: Interval, usage: Usage, threshold_passed_at: datetime | None
) -> None:
    due = compute_next_due(interval, usage, threshold_passed_at)
    times = [compute_calendar_due(interval), compute_running_hours_due(interval, usage), threshold_passed_at]
    assert due == min((time for time in times if time), default=None)


@given(intervals, usages)
def test_a_plan_is_not_due_before_its_interval_starts(interval: Interval, usage: Usage) -> None:
    due = compute_next_due(interval, usage, None)
    assert due is None or due >= interval.started_at


@given(intervals, usages, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_later_interval_start_delays_the_due_time(
    interval: Interval, usage: Usage, later: timedelta
) -> None:
    due = compute_calendar_due(interval)
    delayed = compute_calendar_due(replace(interval, started_at=interval.started_at + later))
    assert (due is None) == (delayed is None)
    assert due is None or delayed is None or delayed - due == later


@given(intervals, usages, rates)
def test_equipment_with_more_usage_is_not_due_later(interval: Interval, usage: Usage, rate: float) -> None:
    slower, faster = sorted((usage.hours_per_day, rate))
    late = compute_running_hours_due(interval, replace(usage, hours_per_day=slower))
    soon = compute_running_hours_due(interval, replace(usage, hours_per_day=faster))
    assert late is None or (soon is not None and soon <= late)


@given(st.builds(Interval, st.just(START), hours, st.none(), st.floats(1, 5_000)), rates)
def test_the_projected_due_time_is_when_the_running_hours_are_reached(
    interval: Interval, rate: float
) -> None:
    usage = Usage(interval.start_running_hours, START, rate)
    due = compute_running_hours_due(interval, usage)
    if due is None:
        assert rate * (HORIZON / DAY) < (interval.running_hours or 0) * 1.000001
    else:
        assert abs((due - START) / DAY * rate - (interval.running_hours or 0)) < 0.01


@given(intervals, usages)
def test_a_plan_whose_running_hours_are_reached_is_due_at_the_last_reading(
    interval: Interval, usage: Usage
) -> None:
    reached = interval.start_running_hours + (interval.running_hours or 0)
    due = compute_running_hours_due(interval, replace(usage, running_hours=reached, hours_per_day=0))
    assert due == (None if interval.running_hours is None else max(usage.at, interval.started_at))


@given(hours, times, hours, times)
def test_usage_is_0_to_24_hours_per_day(
    first: float, first_at: datetime, second: float, second_at: datetime
) -> None:
    assert 0 <= compute_hours_per_day(Reading(first, first_at), Reading(second, second_at)) <= 24


@given(st.lists(st.none() | times))
def test_the_earliest_time_is_the_minimum_of_the_times_that_are_set(times: list[datetime | None]) -> None:
    result = earliest(times)
    assert result in times or (result is None and not times)
    assert all(result is not None and result <= time for time in times if time)


def test_500_running_hours_at_16_hours_per_day_are_due_after_31_days() -> None:
    interval = Interval(START, 1_000, None, 500)
    assert compute_running_hours_due(interval, Usage(1_000, START, 16)) == START + timedelta(days=31.25)


def test_equipment_without_usage_is_due_by_calendar() -> None:
    assert compute_next_due(Interval(START, 0, 365, 500), Usage(20, START, 0), None) == START + 365 * DAY


def test_a_reading_past_the_threshold_makes_a_plan_due_at_its_time() -> None:
    assert compute_next_due(Interval(START, 0, 365, None), Usage(20, START, 0), START + DAY) == START + DAY


def test_usage_is_computed_between_two_readings() -> None:
    assert compute_hours_per_day(Reading(100, START), Reading(156, START + 7 * DAY)) == 8


def test_readings_less_than_an_hour_apart_give_no_usage() -> None:
    assert compute_hours_per_day(Reading(100, START), Reading(101, START + timedelta(minutes=5))) == 0
