"""Demo history of machines over a year: readings, errors, services, repairs and part use."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tenure_manufacturing.demo.equipment import YEAR, Machine
from tenure_manufacturing.demo.keys import Row, build_row, reference

TECHNICIANS = ("Marta Nowak", "Tim Brandt", "Aiko Mori", "Rafael Souza")
RESOLUTIONS = ("Replaced worn part", "Sealed leak", "Adjusted settings", "Cleaned")
SYMPTOMS = ("Machine stopped", "Loud noise", "High scrap rate", "Does not start")
USED_PARTS = ("P-1001", "P-1002", "P-2002", "P-3001", "P-4001")

Failures = Sequence[tuple[Machine, Sequence[float]]]
"""Machines with the times of their failures, in days before the end of the history, the earliest first."""


def build_reading_rows(rng: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield weekly readings of the meters of each machine."""
    for machine in machines:
        wear = rng.uniform(0, 4)
        for week in range(YEAR // 7, -1, -1):
            taken_at = now - timedelta(weeks=week)
            vibration = max(0.5, rng.gauss(2.4, 0.3) + wear * (1 - week / 52) ** 3)
            yield _build_reading_row(f"{machine.serial}/hours", machine.hours_at(week * 7), taken_at)
            yield _build_reading_row(f"{machine.serial}/vibration", round(vibration, 2), taken_at)


def _build_reading_row(meter: str, value: float, taken_at: datetime) -> Row:
    time = taken_at.isoformat()
    return build_row(f"{meter}/{time}", meter=reference(meter), value=value, takenAt=time)


def draw_failures(rng: random.Random, machine: Machine) -> list[float]:
    """Return random failures of a machine, in days before the end of the history, the earliest first."""
    mean_days = machine.line.hours_between_failures / machine.hours_per_day
    failures: list[float] = []
    days_ago = YEAR - rng.expovariate(1 / mean_days)
    while days_ago > 0:
        failures.append(days_ago)
        days_ago -= 1 + rng.expovariate(1 / mean_days)
    return failures


def build_error_rows(rng: random.Random, failures: Failures, now: datetime) -> Iterator[Row]:
    """Yield errors before the failures of each machine, and errors without consequences."""
    for machine, failure_days in failures:
        days = [day + rng.uniform(0.2, 6) for day in failure_days for _ in range(rng.randint(1, 3))]
        days += [rng.uniform(0, YEAR) for _ in range(rng.randint(2, 8))]
        for number, days_ago in enumerate(sorted(days, reverse=True), 1):
            key = f"{machine.serial}/error/{number}"
            yield _build_error_row(rng, machine, key, now - timedelta(days=days_ago), now)


def _build_error_row(rng: random.Random, machine: Machine, key: str, at: datetime, now: datetime) -> Row:
    component = rng.choice(machine.line.components)
    return build_row(
        key,
        equipment=reference(machine.serial),
        code=f"E{rng.randint(100, 140)}",
        severity=rng.choice(("NOTICE", "WARNING", "WARNING", "CRITICAL")),
        component=component,
        message=f"{component}: value out of range",
        occurredAt=at.isoformat(),
        clearedAt=min(now, at + timedelta(minutes=rng.randint(5, 240))).isoformat(),
    )


def build_service_rows(rng: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield the completed quarterly services of each machine."""
    for machine in machines:
        for number, day in enumerate(range(YEAR - rng.randint(0, 60), 30, -90), 1):
            completed_at = now - timedelta(days=day)
            yield build_row(
                f"{machine.serial}/service/{number}",
                equipment=reference(machine.serial),
                title="Quarterly service",
                kind="PREVENTIVE",
                reportedAt=(completed_at - timedelta(days=14)).isoformat(),
                dueAt=completed_at.isoformat(),
                resolution="No findings",
                **_build_finished_fields(rng, completed_at - timedelta(hours=3), completed_at, 90),
            )


def build_repair_rows(rng: random.Random, failures: Failures, now: datetime) -> Iterator[Row]:
    """Yield the repairs of each machine. Repairs of the last week are unfinished."""
    for machine, failure_days in failures:
        for number, days_ago in enumerate(failure_days, 1):
            yield build_row(_repair_key(machine, number), **_build_repair_fields(rng, machine, days_ago, now))


def _build_repair_fields(rng: random.Random, machine: Machine, days_ago: float, now: datetime) -> Row:
    failed_at = now - timedelta(days=days_ago)
    component = rng.choice(machine.line.components)
    return {
        "equipment": reference(machine.serial),
        "title": f"{rng.choice(SYMPTOMS)}: {component}",
        "kind": "CORRECTIVE",
        "priority": rng.choice(("NORMAL", "HIGH", "URGENT")),
        "component": component,
        "reportedAt": failed_at.isoformat(),
        **(
            _build_repaired_fields(rng, failed_at)
            if days_ago > 7
            else _build_open_fields(rng, failed_at, days_ago)
        ),
    }


def build_part_use_rows(rng: random.Random, failures: Failures) -> Iterator[Row]:
    """Yield the parts that a quarter of the repairs used."""
    for machine, failure_days in failures:
        for number in range(1, len(failure_days) + 1):
            if rng.random() < 0.25:
                repair, part = _repair_key(machine, number), rng.choice(USED_PARTS)
                yield build_row(
                    f"{repair}/{part}", workOrder=reference(repair), part=reference(part), quantity=1
                )


def _repair_key(machine: Machine, number: int) -> str:
    return f"{machine.serial}/repair/{number}"


def _build_repaired_fields(rng: random.Random, failed_at: datetime) -> Row:
    responded_at = failed_at + timedelta(hours=rng.uniform(0.5, 30))
    completed_at = responded_at + timedelta(hours=rng.uniform(1, 60))
    downtime = round((completed_at - failed_at) / timedelta(minutes=1))
    return {
        "resolution": rng.choice(RESOLUTIONS),
        **_build_finished_fields(rng, responded_at, completed_at, downtime),
    }


def _build_finished_fields(
    rng: random.Random, responded_at: datetime, completed_at: datetime, downtime_minutes: int
) -> Row:
    labour_minutes = rng.randint(60, 480)
    sign_off = {"signedOffBy": "Plant manager", "signedOffAt": completed_at.isoformat()}
    is_signed_off = rng.random() < 0.7
    return {
        **(sign_off if is_signed_off else {}),
        "status": "SIGNED_OFF" if is_signed_off else "COMPLETED",
        "assignee": rng.choice(TECHNICIANS),
        "respondedAt": responded_at.isoformat(),
        "completedAt": completed_at.isoformat(),
        "labourMinutes": labour_minutes,
        "downtimeMinutes": downtime_minutes,
        "cost": {"minorUnits": labour_minutes * 160 + rng.randint(0, 90_000), "currency": "EUR"},
    }


def _build_open_fields(rng: random.Random, failed_at: datetime, days_ago: float) -> Row:
    if days_ago < 2:
        return {"status": "OPEN"}
    return {
        "status": "IN_PROGRESS",
        "assignee": rng.choice(TECHNICIANS),
        "respondedAt": (failed_at + timedelta(hours=rng.uniform(1, 40))).isoformat(),
    }
