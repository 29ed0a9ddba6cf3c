"""Completed and cancelled work orders start the next interval of the plans they belong to, and no others."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.interval_resets import reset_plans

from ..conftest import DAY, HOUR, NOW, Plant, completed_fields, ref

BEFORE = NOW - 50 * DAY
PLANS = """{ maintenancePlans(orderBy: [{field: CREATED_AT}]) { nodes {
    name intervalStartedAt intervalStartRunningHours
} } }"""


async def create_plan(plant: Plant, machine: UUID, name: str = "Oil", **fields: object) -> UUID:
    row = {
        "equipment": ref(machine),
        "name": name,
        "intervalDays": 90,
        "intervalStartedAt": BEFORE.isoformat(),
    }
    return (await plant.create(MaintenancePlan, row | fields))[0]


async def interval_starts(plant: Plant) -> dict[str, datetime]:
    nodes = (await plant.execute(PLANS))["maintenancePlans"]["nodes"]
    return {node["name"]: datetime.fromisoformat(node["intervalStartedAt"]) for node in nodes}


async def create_plan_order(plant: Plant, machine: UUID, plan: UUID, **fields: object) -> UUID:
    """Create a work order as the pack does for a plan."""
    plan_fields = {"kind": "PREVENTIVE", "plan": ref(plan), "intervalStartedAt": BEFORE.isoformat()}
    return await plant.create_order(machine, **plan_fields, **fields)


async def read_status(plant: Plant, order: UUID) -> str:
    query = "query($id: ID!) { workOrder(id: $id) { status } }"
    data: dict[str, Any] = await plant.execute(query, id=str(order))
    return data["workOrder"]["status"]


async def test_a_completed_order_starts_the_next_interval_of_its_plan(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=700)
    oil = await create_plan(plant, machine)
    await create_plan(plant, machine, "Filters")
    await plant.handle_changes(WorkOrder, await create_plan_order(plant, machine, oil, **completed_fields()))
    assert await interval_starts(plant) == {"Oil": NOW + HOUR, "Filters": BEFORE}
    [node, _] = (await plant.execute(PLANS))["maintenancePlans"]["nodes"]
    assert node["intervalStartRunningHours"] == 700


async def test_the_interval_starts_with_the_running_hours_at_completion(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=700)
    meter = await plant.create_meter(machine)
    await plant.create_readings(meter, (NOW - DAY, 640), (NOW + DAY, 660))
    oil = await create_plan(plant, machine, intervalRunningHours=500)
    await plant.handle_changes(WorkOrder, await create_plan_order(plant, machine, oil, **completed_fields()))
    [node] = (await plant.execute(PLANS))["maintenancePlans"]["nodes"]
    assert node["intervalStartRunningHours"] == 640


async def test_a_repair_starts_the_next_interval_of_the_plans_of_its_component(plant: Plant) -> None:
    machine, other = await plant.create_machine("M-1"), await plant.create_machine("M-2")
    await create_plan(plant, machine, "Pump", component="pump")
    await create_plan(plant, machine, "Spindle", component="spindle")
    await create_plan(plant, machine, "All")
    await create_plan(plant, other, "Other pump", component="pump")
    await plant.handle_changes(
        WorkOrder, await plant.create_order(machine, component="pump", **completed_fields())
    )
    starts = await interval_starts(plant)
    assert [name for name, start in starts.items() if start != BEFORE] == ["Pump"]


async def test_a_repair_without_component_starts_no_interval(plant: Plant) -> None:
    machine = await plant.create_machine()
    await create_plan(plant, machine)
    await plant.handle_changes(WorkOrder, await plant.create_order(machine, **completed_fields()))
    assert await interval_starts(plant) == {"Oil": BEFORE}


@pytest.mark.parametrize("state", ["OPEN", "ON_HOLD"])
async def test_an_unfinished_order_starts_no_interval(plant: Plant, state: str) -> None:
    machine = await plant.create_machine()
    oil = await create_plan(plant, machine)
    await plant.handle_changes(WorkOrder, await create_plan_order(plant, machine, oil, status=state))
    assert await interval_starts(plant) == {"Oil": BEFORE}


async def test_an_interval_start_never_moves_back(plant: Plant) -> None:
    machine = await plant.create_machine()
    oil = await create_plan(plant, machine)
    early, late = [
        await create_plan_order(plant, machine, oil, **completed_fields(after))
        for after in (-9 * DAY, -2 * DAY)
    ]
    for order in (late, early):
        await plant.handle_changes(WorkOrder, order)
    assert await interval_starts(plant) == {"Oil": NOW - 2 * DAY}


async def test_a_repair_cancels_preventive_orders_that_have_not_started(plant: Plant) -> None:
    machine = await plant.create_machine()
    pump = await create_plan(plant, machine, "Pump", component="pump")
    waiting = await create_plan_order(plant, machine, pump, dueAt=(NOW + 3 * DAY).isoformat())
    repair = await plant.create_order(machine, component="pump", **completed_fields())
    await plant.handle_changes(WorkOrder, waiting, repair)
    assert await read_status(plant, waiting) == "CANCELLED"
    await plant.handle_changes(WorkOrder, waiting, repair)
    assert await interval_starts(plant) == {"Pump": NOW + HOUR}


async def test_a_repair_does_not_cancel_an_order_in_progress(plant: Plant) -> None:
    machine = await plant.create_machine()
    pump = await create_plan(plant, machine, "Pump", component="pump")
    started = {"status": "IN_PROGRESS", "respondedAt": NOW.isoformat()}
    in_progress = await create_plan_order(plant, machine, pump, **started)
    await plant.handle_changes(
        WorkOrder, await plant.create_order(machine, component="pump", **completed_fields())
    )
    assert await read_status(plant, in_progress) == "IN_PROGRESS"


async def test_a_cancelled_order_skips_one_interval(plant: Plant) -> None:
    machine = await plant.create_machine()
    oil = await create_plan(plant, machine)
    due = NOW + timedelta(days=3)
    await plant.handle_changes(
        WorkOrder, await create_plan_order(plant, machine, oil, status="CANCELLED", dueAt=due.isoformat())
    )
    assert await interval_starts(plant) == {"Oil": due}


async def test_500_orders_are_processed_within_5_seconds_on_tables_without_statistics(plant: Plant) -> None:
    machine = await plant.create_machine()
    defaults = {"equipment": ref(machine), "intervalStartedAt": BEFORE.isoformat(), "intervalDays": 90}
    plans = await plant.create(MaintenancePlan, *({**defaults, "name": f"Oil {n}"} for n in range(300)))
    order = {"equipment": ref(machine), "title": "Oil", "kind": "PREVENTIVE", "reportedAt": NOW.isoformat()}
    rows = ({**order, "plan": ref(plans[n % 300]), **completed_fields()} for n in range(500))
    orders = await plant.create(WorkOrder, *rows)
    async with plant.tenant.context("manufacturing") as context:
        start = monotonic()
        await reset_plans(context, orders)
        assert monotonic() - start < 5
    assert set((await interval_starts(plant)).values()) == {NOW + HOUR}
