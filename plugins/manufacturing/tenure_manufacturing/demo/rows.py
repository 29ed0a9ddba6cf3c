"""The demo's story: the fleet and its history, in the order in which their parts refer to each other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime

from tenure_manufacturing.demo import equipment, history
from tenure_manufacturing.demo.keys import Row
from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.parts import Part, PartUse, PlannedPart
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import DemoAccount, Entity


def rows(
    chance: random.Random, accounts: Sequence[DemoAccount], now: datetime
) -> Iterator[tuple[type[Entity], list[Row]]]:
    """Yield the rows of each entity; with the same chance and moment they are the same."""
    machines = equipment.machines_of(chance, accounts, now)
    yield Product, list(equipment.product_rows())
    yield Part, list(equipment.part_rows())
    yield ServiceContract, list(equipment.contract_rows(chance, machines, now))
    yield Equipment, list(equipment.equipment_rows(chance, machines))
    yield Meter, list(equipment.meter_rows(machines))
    yield MeterReading, list(history.reading_rows(chance, machines, now))
    yield MaintenancePlan, list(equipment.plan_rows(chance, machines, now))
    yield PlannedPart, list(equipment.planned_part_rows(machines))
    failures = [(machine, history.failures_of(chance, machine)) for machine in machines]
    yield (
        ErrorEvent,
        [one for machine, days in failures for one in history.error_rows(chance, machine, days, now)],
    )
    repairs = [one for machine, days in failures for one in history.repair_rows(chance, machine, days, now)]
    services = [one for machine in machines for one in history.service_rows(chance, machine, now)]
    yield WorkOrder, [*services, *repairs]
    yield PartUse, list(history.part_use_rows(chance, failures))
