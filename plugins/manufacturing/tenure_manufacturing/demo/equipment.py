"""Demo product lines, parts and contracts, and machines with their meters and plans."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tenure_manufacturing.demo.keys import Row, build_row, reference
from tenure_sdk import DemoAccount

YEAR = 365
"""Length of the history in days."""

INDUSTRIES = frozenset(
    ("Manufacturing", "Food", "Energy", "Forestry", "Logistics", "制造业", "製造業", "食品")
)
"""The industries of the accounts that get machines."""


class ProductLine(NamedTuple):
    """A product line.

    Args:
        code: Product code.
        name: Display name.
        family: Product family.
        hours_between_failures: Mean time between failures, in running hours.
        components: The components that can fail.
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
"""Part number, name, unit cost in cents, and received quantity."""

QUARTERLY_PLAN: Row = {
    "name": "Quarterly service",
    "intervalDays": 90,
    "expectedMinutes": 180,
    "tasks": [
        "Inspect the machine",
        "Lubricate the guideways",
        "Clean the filters",
        "Test the emergency stop",
    ],
}
OVERHAUL_PLAN: Row = {
    "intervalRunningHours": 2_000,
    "expectedMinutes": 420,
    "tasks": ["Disassemble", "Replace worn parts", "Reassemble and measure"],
}
VIBRATION_PLAN: Row = {
    "name": "Reduce vibration",
    "comparison": "ABOVE",
    "threshold": 7.1,
    "expectedMinutes": 120,
    "tasks": ["Locate the source", "Balance or replace the component"],
}

COVERAGES = ("INSPECTION", "LABOUR", "PARTS_AND_LABOUR")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine.

    Args:
        serial: Serial number, which is also the key.
        line: Product line.
        account: The account that operates the machine.
        installed: Time of installation.
        hours_per_day: Running hours per day.
        hours: Running hours at the end of the history.
    """

    serial: str
    line: ProductLine
    account: DemoAccount
    installed: datetime
    hours_per_day: float
    hours: float

    def hours_at(self, days_ago: float) -> float:
        """Return the running hours some days before the end of the history."""
        return round(max(0.0, self.hours - days_ago * self.hours_per_day), 1)


def build_machines(rng: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> list[Machine]:
    """Return one to four machines for each account in a suitable industry."""
    machines: list[Machine] = []
    for account in accounts:
        if account.industry in INDUSTRIES:
            for _ in range(rng.randint(1, 4)):
                machines.append(_build_machine(rng, account, len(machines) + 1, now))
    return machines


def _build_machine(rng: random.Random, account: DemoAccount, number: int, now: datetime) -> Machine:
    line = rng.choice(LINES)
    age = rng.randint(YEAR + 30, 6 * YEAR)
    hours_per_day = round(rng.uniform(6, 20), 1)
    return Machine(
        f"{line.code}-{number:04}",
        line,
        account,
        now - timedelta(days=age),
        hours_per_day,
        round(age * hours_per_day, 1),
    )


def build_product_rows() -> Iterator[Row]:
    """Yield the product lines."""
    for line in LINES:
        yield build_row(line.code, code=line.code, name=line.name, family=line.family)


def build_part_rows() -> Iterator[Row]:
    """Yield the parts."""
    for number, name, cents, received in PARTS:
        cost = {"minorUnits": cents, "currency": "EUR"}
        yield build_row(
            number, number=number, name=name, unitCost=cost, receivedQuantity=received, reorderBelow=10
        )


def build_contract_rows(rng: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield one contract for each account with machines."""
    accounts = {machine.account.id: machine.account for machine in machines}
    for number, account in enumerate(accounts.values(), 1):
        renews = now.date() + timedelta(days=rng.randint(5, YEAR))
        yield build_row(
            _contract_key(account),
            account={"id": str(account.id)},
            number=f"SC-{number:04}",
            coverage=rng.choice(COVERAGES),
            responseHours=rng.choice((8, 24, 48)),
            startsOn=(renews - timedelta(days=3 * YEAR)).isoformat(),
            renewsOn=renews.isoformat(),
            value={"minorUnits": rng.randint(8, 60) * 100_000, "currency": "EUR"},
        )


def build_equipment_rows(rng: random.Random, machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield the machines."""
    for machine in machines:
        yield build_row(
            machine.serial,
            account={"id": str(machine.account.id)},
            product=reference(machine.line.code),
            contract=reference(_contract_key(machine.account)),
            serialNumber=machine.serial,
            model=machine.line.code,
            location=f"Hall {rng.choice('ABC')}{rng.randint(1, 9)}",
            installedOn=machine.installed.date().isoformat(),
            warrantyUntil=(machine.installed + timedelta(days=2 * YEAR)).date().isoformat(),
            status=rng.choices(("RUNNING", "IDLE", "DOWN"), (8, 1, 1))[0],
            runningHours=machine.hours,
            initialRunningHours=machine.hours_at(YEAR),
        )


def build_meter_rows(machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield two meters for each machine: running hours and vibration."""
    for machine in machines:
        owner = {"equipment": reference(machine.serial)}
        yield build_row(
            f"{machine.serial}/hours", name="Running hours", kind="RUNNING_HOURS", unit="h", **owner
        )
        yield build_row(
            f"{machine.serial}/vibration", name="Vibration", kind="VIBRATION", unit="mm/s", **owner
        )


def build_plan_rows(rng: random.Random, machines: Sequence[Machine], now: datetime) -> Iterator[Row]:
    """Yield three plans for each machine: by calendar, by running hours and by condition."""
    for machine in machines:
        component, days_ago = machine.line.components[0], rng.randint(5, 85)
        interval = {
            "equipment": reference(machine.serial),
            "intervalStartedAt": (now - timedelta(days=days_ago)).isoformat(),
            "intervalStartRunningHours": machine.hours_at(days_ago),
        }
        overhaul = {"name": f"Overhaul: {component}", "component": component}
        condition = {"meter": reference(f"{machine.serial}/vibration")}
        yield build_row(f"{machine.serial}/quarterly", **QUARTERLY_PLAN, **interval)
        yield build_row(f"{machine.serial}/overhaul", **OVERHAUL_PLAN, **overhaul, **interval)
        yield build_row(f"{machine.serial}/vibration", **VIBRATION_PLAN, **condition, **interval)


def build_planned_part_rows(machines: Sequence[Machine]) -> Iterator[Row]:
    """Yield the parts for the quarterly service of each machine."""
    for machine in machines:
        plan = f"{machine.serial}/quarterly"
        yield build_row(plan, plan=reference(plan), part=reference("P-2001"), quantity=1)


def _contract_key(account: DemoAccount) -> str:
    return f"contract/{account.id}"
