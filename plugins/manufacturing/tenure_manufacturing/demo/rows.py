"""The demo data of all entities, in the order in which they refer to each other."""

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


def build_rows(
    rng: random.Random, accounts: Sequence[DemoAccount], now: datetime
) -> Iterator[tuple[type[Entity], list[Row]]]:
    """Yield the upsert rows of each entity.

    Args:
        rng: The random generator. Equal states and arguments produce equal rows.
        accounts: The accounts of the demo.
        now: The end of the generated history.
    """
    machines = equipment.build_machines(rng, accounts, now)
    yield Product, list(equipment.build_product_rows())
    yield Part, list(equipment.build_part_rows())
    yield ServiceContract, list(equipment.build_contract_rows(rng, machines, now))
    yield Equipment, list(equipment.build_equipment_rows(rng, machines))
    yield Meter, list(equipment.build_meter_rows(machines))
    yield MeterReading, list(history.build_reading_rows(rng, machines, now))
    yield MaintenancePlan, list(equipment.build_plan_rows(rng, machines, now))
    yield PlannedPart, list(equipment.build_planned_part_rows(machines))
    failures = [(machine, history.draw_failures(rng, machine)) for machine in machines]
    yield ErrorEvent, list(history.build_error_rows(rng, failures, now))
    repairs = list(history.build_repair_rows(rng, failures, now))
    services = list(history.build_service_rows(rng, machines, now))
    yield WorkOrder, [*services, *repairs]
    yield PartUse, list(history.build_part_use_rows(rng, failures))
