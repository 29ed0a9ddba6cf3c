"""The demo's history: what the machines read, reported and had done to them within a year."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tenure_manufacturing.demo.equipment import YEAR, Machine
from tenure_manufacturing.demo.keys import Row, named, row

TECHNICIANS = ("Marta Nowak", "Tim Brandt", "Aiko Mori", "Rafael Souza")
FINDINGS = ("worn out; exchanged", "leaking; sealed anew", "out of adjustment; adjusted", "dirty; cleaned")
REPORTED = ("Stands still", "Loud noises", "Scrap at every second piece", "Does not start")


def reading_rows(chance: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield what the meters read each week."""
    for machine in machines:
        worn = chance.uniform(0, 4)
        for week in range(YEAR // 7, -1, -1):
            taken = now - timedelta(weeks=week)
            vibration = max(0.5, chance.gauss(2.4, 0.3) + worn * (1 - week / 52) ** 3)
            yield _reading(f"{machine.serial}/hours", machine.hours_at(week * 7), taken)
            yield _reading(f"{machine.serial}/vibration", round(vibration, 2), taken)


def _reading(meter: str, value: float, taken: datetime) -> Row:
    moment = taken.isoformat()
    return row(f"{meter}/{moment}", meter=named(meter), value=value, takenAt=moment)


def failures_of(chance: random.Random, machine: Machine) -> list[float]:
    """Return how many days ago a machine failed, the first failure first."""
    mean_days = machine.line.hours_between_failures / machine.hours_per_day
    found: list[float] = []
    day = YEAR - chance.expovariate(1 / mean_days)
    while day > 0:
        found.append(day)
        day -= 1 + chance.expovariate(1 / mean_days)
    return found


def error_rows(
    chance: random.Random, machine: Machine, failures: Sequence[float], now: datetime
) -> Iterator[Row]:
    """Yield the errors of a machine: warnings before failures, and some that led to nothing."""
    days = [day + chance.uniform(0.2, 6) for day in failures for _ in range(chance.randint(1, 3))]
    days += [chance.uniform(0, YEAR) for _ in range(chance.randint(2, 8))]
    for number, day in enumerate(sorted(days, reverse=True), 1):
        at = now - timedelta(days=day)
        component = chance.choice(machine.line.components)
        yield row(
            f"{machine.serial}/error/{number}",
            equipment=named(machine.serial),
            code=f"E{chance.randint(100, 140)}",
            severity=chance.choice(("NOTICE", "WARNING", "WARNING", "CRITICAL")),
            component=component,
            message=f"The {component} reports a value out of range",
            occurredAt=at.isoformat(),
            clearedAt=min(now, at + timedelta(minutes=chance.randint(5, 240))).isoformat(),
        )


def service_rows(chance: random.Random, machine: Machine, now: datetime) -> Iterator[Row]:
    """Yield the quarterly services of a machine that are done."""
    for number, day in enumerate(range(YEAR - chance.randint(0, 60), 30, -90), 1):
        done = now - timedelta(days=day)
        yield row(
            f"{machine.serial}/service/{number}",
            equipment=named(machine.serial),
            title="Quarterly service",
            kind="PREVENTIVE",
            reportedAt=(done - timedelta(days=14)).isoformat(),
            dueAt=done.isoformat(),
            resolution="Nothing unusual",
            **_done(chance, done - timedelta(hours=3), done, 90),
        )


def repair_rows(
    chance: random.Random, machine: Machine, failures: Sequence[float], now: datetime
) -> Iterator[Row]:
    """Yield the repairs of a machine; those of the last days are still on the way."""
    for number, day in enumerate(failures, 1):
        failed = now - timedelta(days=day)
        component = chance.choice(machine.line.components)
        fields: Row = {
            "equipment": named(machine.serial),
            "title": f"{chance.choice(REPORTED)}: {component}",
            "kind": "CORRECTIVE",
            "priority": chance.choice(("NORMAL", "HIGH", "URGENT")),
            "component": component,
            "reportedAt": failed.isoformat(),
        }
        fields |= _repair(chance, failed) if day > 7 else _on_the_way(chance, failed, day)
        yield row(_repair_key(machine, number), **fields)


def part_use_rows(
    chance: random.Random, failures: Sequence[tuple[Machine, Sequence[float]]]
) -> Iterator[Row]:
    """Yield the parts that some repairs took.

    Args:
        chance: The source of every choice.
        failures: The machines, each with its failures.
    """
    for machine, days in failures:
        for repair in (_repair_key(machine, number) for number in range(1, len(days) + 1)):
            if chance.random() < 0.25:
                part = chance.choice(("P-1001", "P-1002", "P-2002", "P-3001", "P-4001"))
                yield row(f"{repair}/{part}", workOrder=named(repair), part=named(part), quantity=1)


def _repair_key(machine: Machine, number: int) -> str:
    return f"{machine.serial}/repair/{number}"


def _repair(chance: random.Random, failed: datetime) -> Row:
    responded = failed + timedelta(hours=chance.uniform(0.5, 30))
    completed = responded + timedelta(hours=chance.uniform(1, 60))
    downtime = round((completed - failed) / timedelta(minutes=1))
    return {
        "resolution": f"It was {chance.choice(FINDINGS)}",
        **_done(chance, responded, completed, downtime),
    }


def _done(chance: random.Random, responded: datetime, completed: datetime, downtime: int) -> Row:
    labour = chance.randint(60, 480)
    accepted = {"signedOffBy": "Plant manager", "signedOffAt": completed.isoformat()}
    return {
        **(accepted if (signed_off := chance.random() < 0.7) else {}),
        "status": "SIGNED_OFF" if signed_off else "COMPLETED",
        "assignee": chance.choice(TECHNICIANS),
        "respondedAt": responded.isoformat(),
        "completedAt": completed.isoformat(),
        "labourMinutes": labour,
        "downtimeMinutes": downtime,
        "cost": {"minorUnits": labour * 160 + chance.randint(0, 90_000), "currency": "EUR"},
    }


def _on_the_way(chance: random.Random, failed: datetime, days_ago: float) -> Row:
    if days_ago < 2:
        return {"status": "OPEN"}
    return {
        "status": "IN_PROGRESS",
        "assignee": chance.choice(TECHNICIANS),
        "respondedAt": (failed + timedelta(hours=chance.uniform(1, 40))).isoformat(),
    }
