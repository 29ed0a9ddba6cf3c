"""Preventive orders are created ahead of time, once per plan interval, also by concurrent and late runs."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.preventive_orders import create_due_orders

from ..conftest import DAY, NOW, Plant, completed_fields, ref

ORDERS = """{ workOrders { nodes {
    title kind status component tasks dueAt reportedAt plan { name } equipment { serialNumber }
} } }"""


async def create_plan(plant: Plant, machine: UUID, **fields: object) -> UUID:
    row = {"equipment": ref(machine), "name": "Oil", "intervalStartedAt": (NOW - 80 * DAY).isoformat()}
    return (await plant.create(MaintenancePlan, row | fields))[0]


async def run(plant: Plant, now: datetime = NOW) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await create_due_orders(context, now)


async def read_orders(plant: Plant) -> list[dict[str, Any]]:
    return (await plant.execute(ORDERS))["workOrders"]["nodes"]


async def read_due_time(plant: Plant) -> datetime | None:
    [node] = (await plant.execute("{ maintenancePlans { nodes { nextDueAt } } }"))["maintenancePlans"][
        "nodes"
    ]
    return datetime.fromisoformat(node["nextDueAt"]) if node["nextDueAt"] else None


async def test_an_order_is_created_two_weeks_before_it_is_due(plant: Plant) -> None:
    machine = await plant.create_machine()
    await create_plan(plant, machine, intervalDays=90, component="pump", tasks=["Drain", "Fill"])
    await run(plant)
    assert await read_orders(plant) == [
        {
            "title": "Oil",
            "kind": "PREVENTIVE",
            "status": "OPEN",
            "component": "pump",
            "tasks": ["Drain", "Fill"],
            "dueAt": (NOW + 10 * DAY).isoformat(),
            "reportedAt": NOW.isoformat(),
            "plan": {"name": "Oil"},
            "equipment": {"serialNumber": "M-1"},
        }
    ]
    assert await read_due_time(plant) == NOW + 10 * DAY


async def test_a_plan_whose_due_time_is_after_the_year_9999_does_not_affect_others(plant: Plant) -> None:
    machine = await plant.create_machine()
    await create_plan(plant, machine, intervalDays=90, intervalStartedAt="9999-12-31T00:00:00Z")
    await create_plan(plant, machine, intervalRunningHours=1.0, intervalStartedAt="9999-12-31T00:00:00Z")
    await create_plan(plant, machine, intervalDays=90)
    await run(plant)
    assert [order["dueAt"] for order in await read_orders(plant)] == [(NOW + 10 * DAY).isoformat()]


async def test_the_due_time_of_a_later_plan_is_stored_without_an_order(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine(), intervalDays=95)
    await run(plant)
    assert await read_orders(plant) == []
    assert await read_due_time(plant) == NOW + 15 * DAY


async def test_repeated_runs_create_one_order(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine(), intervalDays=90)
    for hours in range(3):
        await run(plant, NOW + timedelta(hours=hours))
    assert [order["reportedAt"] for order in await read_orders(plant)] == [NOW.isoformat()]


async def test_a_deleted_order_is_not_created_again(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine(), intervalDays=90)
    await run(plant)
    [order] = (await plant.execute("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [UUID(order["id"])])
    await run(plant)
    assert await read_orders(plant) == []


async def test_a_changed_plan_gets_its_due_time_and_order_immediately(plant: Plant) -> None:
    machine = await plant.create_machine()
    identity = await create_plan(plant, machine, intervalDays=90)
    await create_plan(plant, machine, name="Filters", intervalDays=90)
    await plant.handle_changes(MaintenancePlan, identity)
    assert [order["title"] for order in await read_orders(plant)] == ["Oil"]
    data = await plant.execute("{ maintenancePlans { nodes { name nextDueAt } } }")
    due_times = {node["name"]: node["nextDueAt"] for node in data["maintenancePlans"]["nodes"]}
    assert due_times == {"Oil": (NOW + 10 * DAY).isoformat(), "Filters": None}


async def test_the_update_of_a_due_time_by_the_pack_is_ignored(plant: Plant) -> None:
    identity = await create_plan(plant, await plant.create_machine(), intervalDays=90)
    await plant.handle_changes(MaintenancePlan, identity, fields=("nextDueAt",))
    assert await read_orders(plant) == []


async def test_a_plan_with_an_unfinished_order_gets_no_second_order_when_it_changes(plant: Plant) -> None:
    identity = await create_plan(plant, await plant.create_machine(), intervalDays=90)
    await run(plant)
    for days in (79, 82):
        await plant.update(MaintenancePlan, identity, intervalStartedAt=(NOW - days * DAY).isoformat())
        await plant.handle_changes(MaintenancePlan, identity)
        await run(plant)
    assert len(await read_orders(plant)) == 1
    [order] = (await plant.execute("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    await plant.update(WorkOrder, order["id"], status="CANCELLED")
    await run(plant)
    assert sorted(order["status"] for order in await read_orders(plant)) == ["CANCELLED", "OPEN"]


async def test_concurrent_runs_create_one_order_per_plan(plant: Plant) -> None:
    machine = await plant.create_machine()
    for days in range(81, 91):
        await create_plan(plant, machine, intervalDays=days)
    await asyncio.gather(run(plant), run(plant), run(plant))
    assert len(await read_orders(plant)) == 10


async def test_a_run_after_a_week_creates_one_order_per_interval(plant: Plant) -> None:
    before = NOW - 7 * DAY
    await create_plan(
        plant, await plant.create_machine(), intervalDays=1, intervalStartedAt=before.isoformat()
    )
    await run(plant, before)
    await run(plant, NOW)
    assert len(await read_orders(plant)) == 1
    [order] = (await plant.execute("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    await plant.update(WorkOrder, order["id"], status="IN_PROGRESS", respondedAt=before.isoformat())
    await plant.update(WorkOrder, order["id"], **completed_fields(timedelta(0)))
    await plant.handle_changes(WorkOrder, UUID(order["id"]))
    await run(plant, NOW)
    assert sorted(order["dueAt"] for order in await read_orders(plant)) == [
        (before + DAY).isoformat(),
        (NOW + DAY).isoformat(),
    ]


async def test_running_hours_are_projected_from_recent_readings(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=1_000, runningHoursAt=NOW.isoformat())
    meter = await plant.create_meter(machine)
    await plant.create_readings(meter, (NOW - 10 * DAY, 840), (NOW, 1_000))
    await create_plan(plant, machine, intervalRunningHours=500, intervalStartRunningHours=660)
    await run(plant)
    assert await read_due_time(plant) == NOW + 10 * DAY
    assert len(await read_orders(plant)) == 1


async def test_running_hours_without_readings_are_projected_from_the_installation_date(plant: Plant) -> None:
    installed = (NOW - 100 * DAY).date().isoformat()
    machine = await plant.create_machine(
        installedOn=installed, runningHours=1_000, runningHoursAt=NOW.isoformat()
    )
    await create_plan(plant, machine, intervalRunningHours=500, intervalStartRunningHours=700)
    await run(plant)
    due = await read_due_time(plant)
    assert due is not None
    assert abs(due - (NOW + 20 * DAY)) < DAY


async def test_a_reading_past_the_threshold_creates_one_order(plant: Plant) -> None:
    machine = await plant.create_machine()
    meter = await plant.create_meter(machine, "VIBRATION", "mm/s")
    condition = {"meter": ref(meter), "comparison": "ABOVE", "threshold": 7.1}
    await create_plan(plant, machine, **condition)
    await plant.create_readings(
        meter, (NOW - 90 * DAY, 9.0), (NOW - 3 * DAY, 7.1), (NOW - 2 * DAY, 7.4), (NOW - DAY, 8)
    )
    await run(plant)
    await run(plant, NOW + DAY)
    assert [order["dueAt"] for order in await read_orders(plant)] == [(NOW - 2 * DAY).isoformat()]


async def test_inactive_plans_and_retired_equipment_get_no_order(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine("M-1"), intervalDays=1, active=False)
    await create_plan(plant, await plant.create_machine("M-2", status="RETIRED"), intervalDays=1)
    await run(plant)
    assert await read_orders(plant) == []


async def test_plans_are_read_in_batches(plant: Plant, monkeypatch: Any) -> None:
    monkeypatch.setattr("tenure_manufacturing.maintenance.preventive_orders.BATCH_SIZE", 2)
    machine = await plant.create_machine()
    for _ in range(5):
        await create_plan(plant, machine, intervalDays=80)
    await run(plant)
    assert len(await read_orders(plant)) == 5


async def test_a_due_time_that_moves_by_hours_is_not_stored(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine(), intervalDays=90)
    await run(plant)
    query = "{ maintenancePlans { nodes { version } } }"
    before = await plant.execute(query)
    await run(plant, NOW + timedelta(hours=5))
    assert await plant.execute(query) == before


async def test_the_job_creates_the_orders(plant: Plant) -> None:
    await create_plan(plant, await plant.create_machine(), intervalDays=90)
    await plant.tenant.run_job("manufacturing", "preventive_orders")
    assert len(await read_orders(plant)) == 1
