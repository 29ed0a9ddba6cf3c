"""The demo's fleet: model lines, parts, contracts, and machines with their meters and plans."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tenure_manufacturing.demo.keys import Row, named, row
from tenure_sdk import DemoAccount

YEAR = 365
"""How many days of history there are."""

MAKERS = frozenset(("Manufacturing", "Food", "Energy", "Forestry", "Logistics", "制造业", "製造業", "食品"))
"""The branches that run our machines."""


class ProductLine(NamedTuple):
    """A model line of the demo.

    Args:
        code: What it is ordered by.
        name: What it is called.
        family: Its family.
        hours_between_failures: How long its machines run from one failure to the next, on average.
        components: What fails on them.
    """

    code: str
    name: str
    family: str
    hours_between_failures: int
    components: Sequence[str]


LINES = (
    ProductLine(
        "MX-200", "Milling centre MX-200", "Machining", 1_400, ("spindle", "coolant pump", "tool changer")
    ),
    ProductLine(
        "PR-80", "Hydraulic press PR-80", "Forming", 2_600, ("hydraulic pump", "ram seal", "valve block")
    ),
    ProductLine("CL-12", "Laser cutter CL-12", "Cutting", 1_900, ("laser source", "cutting head", "chiller")),
    ProductLine("PK-5", "Packaging line PK-5", "Packaging", 900, ("sealing jaw", "film drive", "conveyor")),
)

PARTS = (
    ("P-1001", "Spindle bearing set", 48_000, 12),
    ("P-1002", "Coolant pump", 21_500, 20),
    ("P-2001", "Hydraulic oil, 20 l", 9_800, 60),
    ("P-2002", "Ram seal kit", 6_400, 25),
    ("P-3001", "Protective lens", 3_900, 80),
    ("P-4001", "Sealing jaw pair", 17_200, 15),
)
"""Number, name, what one costs in cents, and how many came into stock."""

COVERAGES = ("INSPECTION", "LABOUR", "PARTS_AND_LABOUR")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the demo.

    Args:
        serial: Its serial number, and its key.
        line: Its model line.
        account: Who runs it.
        installed: When it was installed.
        hours_per_day: How many hours it runs on a day.
        hours: How many hours it has run by now.
    """

    serial: str
    line: ProductLine
    account: DemoAccount
    installed: datetime
    hours_per_day: float
    hours: float

    def hours_at(self, days_ago: float) -> float:
        """Return how many hours it had run some days ago."""
        return round(max(0.0, self.hours - days_ago * self.hours_per_day), 1)


def machines_of(chance: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> list[Machine]:
    """Return the machines that the demo's customers run."""
    makers = [account for account in accounts if account.industry in MAKERS]
    found: list[Machine] = []
    for account in makers:
        for _ in range(chance.randint(1, 4)):
            found.append(_machine(chance, account, len(found) + 1, now))
    return found


def _machine(chance: random.Random, account: DemoAccount, number: int, now: datetime) -> Machine:
    line = chance.choice(LINES)
    age = chance.randint(YEAR + 30, 6 * YEAR)
    hours_per_day = round(chance.uniform(6, 20), 1)
    return Machine(
        f"{line.code}-{number:04}",
        line,
        account,
        now - timedelta(days=age),
        hours_per_day,
        round(age * hours_per_day, 1),
    )


def product_rows() -> Iterator[Row]:
    """Yield the model lines."""
    for line in LINES:
        yield row(line.code, code=line.code, name=line.name, family=line.family)


def part_rows() -> Iterator[Row]:
    """Yield the parts."""
    for number, name, cents, received in PARTS:
        cost = {"minorUnits": cents, "currency": "EUR"}
        yield row(number, number=number, name=name, unitCost=cost, received=received, reorderBelow=10)


def contract_rows(chance: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield one contract for each customer; some are up for renewal within weeks."""
    accounts = {machine.account.id: machine.account for machine in machines}
    for number, account in enumerate(accounts.values(), 1):
        renews = now.date() + timedelta(days=chance.randint(5, YEAR))
        yield row(
            _contract(account),
            account={"id": str(account.id)},
            number=f"SC-{number:04}",
            coverage=chance.choice(COVERAGES),
            responseHours=chance.choice((8, 24, 48)),
            startsOn=(renews - timedelta(days=3 * YEAR)).isoformat(),
            renewsOn=renews.isoformat(),
            value={"minorUnits": chance.randint(8, 60) * 100_000, "currency": "EUR"},
        )


def equipment_rows(chance: random.Random, machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield the machines as equipment."""
    for machine in machines:
        yield row(
            machine.serial,
            account={"id": str(machine.account.id)},
            product=named(machine.line.code),
            contract=named(_contract(machine.account)),
            serialNumber=machine.serial,
            model=machine.line.code,
            location=f"Hall {chance.choice('ABC')}{chance.randint(1, 9)}",
            installedOn=machine.installed.date().isoformat(),
            warrantyUntil=(machine.installed + timedelta(days=2 * YEAR)).date().isoformat(),
            status=chance.choices(("RUNNING", "IDLE", "DOWN"), (8, 1, 1))[0],
            runningHours=machine.hours,
            initialRunningHours=machine.hours_at(YEAR),
        )


def meter_rows(machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield two meters for each machine."""
    for machine in machines:
        on = {"equipment": named(machine.serial)}
        yield row(f"{machine.serial}/hours", name="Running hours", kind="RUNNING_HOURS", unit="h", **on)
        yield row(f"{machine.serial}/vibration", name="Vibration", kind="VIBRATION", unit="mm/s", **on)


def plan_rows(chance: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield three plans for each machine: by the calendar, by running hours, and by vibration."""
    for machine in machines:
        component, ago = machine.line.components[0], chance.randint(5, 85)
        counts = {
            "equipment": named(machine.serial),
            "countsFrom": (now - timedelta(days=ago)).isoformat(),
            "countsFromRunningHours": machine.hours_at(ago),
        }
        yield row(
            f"{machine.serial}/quarterly",
            name="Quarterly service",
            everyDays=90,
            expectedMinutes=180,
            tasks=["Look it over", "Lubricate the guideways", "Clean the filters", "Test the emergency stop"],
            **counts,
        )
        yield row(
            f"{machine.serial}/overhaul",
            name=f"Overhaul: {component}",
            component=component,
            everyRunningHours=2_000,
            expectedMinutes=420,
            tasks=["Take it apart", "Exchange what is worn", "Put it together and measure"],
            **counts,
        )
        yield row(
            f"{machine.serial}/vibration",
            name="Balance what vibrates",
            meter=named(f"{machine.serial}/vibration"),
            comparison="ABOVE",
            threshold=7.1,
            expectedMinutes=120,
            tasks=["Measure where it comes from", "Balance or exchange it"],
            **counts,
        )


def planned_part_rows(machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield what the quarterly service of each machine needs."""
    for machine in machines:
        plan = f"{machine.serial}/quarterly"
        yield row(plan, plan=named(plan), part=named("P-2001"), quantity=1)


def _contract(account: DemoAccount) -> str:
    return f"contract/{account.id}"
