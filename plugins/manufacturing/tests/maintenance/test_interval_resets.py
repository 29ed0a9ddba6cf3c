"""Resets: work that was done or dropped starts the next interval of the right plans, and of no others."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.interval_resets import reset_plans

from ..conftest import DAY, HOUR, NOW, Plant, done, ref

BEFORE = NOW - 50 * DAY
PLANS = """{ maintenancePlans(orderBy: [{field: CREATED_AT}]) { nodes {
    name countsFrom countsFromRunningHours
} } }"""


async def plan(plant: Plant, machine: UUID, name: str = "Oil", **fields: object) -> UUID:
    row = {"equipment": ref(machine), "name": name, "everyDays": 90, "countsFrom": BEFORE.isoformat()}
    return (await plant.create(MaintenancePlan, row | fields))[0]


async def counts(plant: Plant) -> dict[str, datetime]:
    nodes = (await plant.ask(PLANS))["maintenancePlans"]["nodes"]
    return {node["name"]: datetime.fromisoformat(node["countsFrom"]) for node in nodes}


async def made_for(plant: Plant, machine: UUID, plan: UUID, **fields: object) -> UUID:
    """Order work as the pack does for a plan."""
    made = {"kind": "PREVENTIVE", "plan": ref(plan), "countedFrom": BEFORE.isoformat()}
    return await plant.order(machine, **made, **fields)


async def status(plant: Plant, order: UUID) -> str:
    query = "query($id: ID!) { workOrder(id: $id) { status } }"
    found: dict[str, Any] = await plant.ask(query, id=str(order))
    return found["workOrder"]["status"]


async def test_work_that_was_made_for_a_plan_resets_it(plant: Plant) -> None:
    machine = await plant.machine(runningHours=700)
    oil = await plan(plant, machine)
    await plan(plant, machine, "Filters")
    await plant.deliver(WorkOrder, await made_for(plant, machine, oil, **done()))
    assert await counts(plant) == {"Oil": NOW + HOUR, "Filters": BEFORE}
    [node, _] = (await plant.ask(PLANS))["maintenancePlans"]["nodes"]
    assert node["countsFromRunningHours"] == 700


async def test_hours_count_from_what_the_meter_read_when_the_work_was_done(plant: Plant) -> None:
    machine = await plant.machine(runningHours=700)
    meter = await plant.meter(machine)
    await plant.read(meter, (NOW - DAY, 640), (NOW + DAY, 660))
    oil = await plan(plant, machine, everyRunningHours=500)
    await plant.deliver(WorkOrder, await made_for(plant, machine, oil, **done()))
    [node] = (await plant.ask(PLANS))["maintenancePlans"]["nodes"]
    assert node["countsFromRunningHours"] == 640


async def test_a_repair_resets_the_plans_of_its_component_on_its_machine(plant: Plant) -> None:
    machine, other = await plant.machine("M-1"), await plant.machine("M-2")
    await plan(plant, machine, "Pump", component="pump")
    await plan(plant, machine, "Spindle", component="spindle")
    await plan(plant, machine, "All")
    await plan(plant, other, "Other pump", component="pump")
    await plant.deliver(WorkOrder, await plant.order(machine, component="pump", **done()))
    found = await counts(plant)
    assert [name for name, since in found.items() if since != BEFORE] == ["Pump"]


async def test_a_repair_of_no_component_resets_nothing(plant: Plant) -> None:
    machine = await plant.machine()
    await plan(plant, machine)
    await plant.deliver(WorkOrder, await plant.order(machine, **done()))
    assert await counts(plant) == {"Oil": BEFORE}


@pytest.mark.parametrize("state", ["OPEN", "ON_HOLD"])
async def test_work_that_is_not_done_resets_nothing(plant: Plant, state: str) -> None:
    machine = await plant.machine()
    oil = await plan(plant, machine)
    await plant.deliver(WorkOrder, await made_for(plant, machine, oil, status=state))
    assert await counts(plant) == {"Oil": BEFORE}


async def test_plans_are_never_set_back(plant: Plant) -> None:
    machine = await plant.machine()
    oil = await plan(plant, machine)
    early, late = [await made_for(plant, machine, oil, **done(after)) for after in (-9 * DAY, -2 * DAY)]
    for order in (late, early):
        await plant.deliver(WorkOrder, order)
    assert await counts(plant) == {"Oil": NOW - 2 * DAY}


async def test_a_repair_cancels_the_service_that_nobody_has_begun(plant: Plant) -> None:
    machine = await plant.machine()
    pump = await plan(plant, machine, "Pump", component="pump")
    waiting = await made_for(plant, machine, pump, dueAt=(NOW + 3 * DAY).isoformat())
    repair = await plant.order(machine, component="pump", **done())
    await plant.deliver(WorkOrder, waiting, repair)
    assert await status(plant, waiting) == "CANCELLED"
    await plant.deliver(WorkOrder, waiting, repair)
    assert await counts(plant) == {"Pump": NOW + HOUR}


async def test_a_repair_leaves_the_service_alone_that_is_under_way(plant: Plant) -> None:
    machine = await plant.machine()
    pump = await plan(plant, machine, "Pump", component="pump")
    begun = {"status": "IN_PROGRESS", "respondedAt": NOW.isoformat()}
    under_way = await made_for(plant, machine, pump, **begun)
    await plant.deliver(WorkOrder, await plant.order(machine, component="pump", **done()))
    assert await status(plant, under_way) == "IN_PROGRESS"


async def test_work_that_is_cancelled_is_left_out_once(plant: Plant) -> None:
    machine = await plant.machine()
    oil = await plan(plant, machine)
    due = NOW + timedelta(days=3)
    await plant.deliver(
        WorkOrder, await made_for(plant, machine, oil, status="CANCELLED", dueAt=due.isoformat())
    )
    assert await counts(plant) == {"Oil": due}


async def test_a_full_batch_takes_no_long_time_over_tables_that_were_just_filled(plant: Plant) -> None:
    machine = await plant.machine()
    usual = {"equipment": ref(machine), "countsFrom": BEFORE.isoformat(), "everyDays": 90}
    plans = await plant.create(MaintenancePlan, *({**usual, "name": f"Oil {n}"} for n in range(300)))
    work = {"equipment": ref(machine), "title": "Oil", "kind": "PREVENTIVE", "reportedAt": NOW.isoformat()}
    rows = ({**work, "plan": ref(plans[n % 300]), **done()} for n in range(500))
    orders = await plant.create(WorkOrder, *rows)
    async with plant.tenant.context("manufacturing") as context:
        begun = monotonic()
        await reset_plans(context, orders)
        assert monotonic() - begun < 5
    assert set((await counts(plant)).values()) == {NOW + HOUR}
