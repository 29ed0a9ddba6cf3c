"""Due work: made ahead of time and once, whoever runs the job, and however long nobody did."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.preventive_orders import create_due_orders

from ..conftest import DAY, NOW, Plant, done, ref

ORDERS = """{ workOrders { nodes {
    title kind status component tasks dueAt reportedAt plan { name } equipment { serialNumber }
} } }"""


async def plan(plant: Plant, machine: UUID, **fields: object) -> UUID:
    row = {"equipment": ref(machine), "name": "Oil", "countsFrom": (NOW - 80 * DAY).isoformat()}
    return (await plant.create(MaintenancePlan, row | fields))[0]


async def run(plant: Plant, now: datetime = NOW) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await create_due_orders(context, now)


async def orders(plant: Plant) -> list[dict[str, Any]]:
    return (await plant.ask(ORDERS))["workOrders"]["nodes"]


async def foreseen(plant: Plant) -> datetime | None:
    [node] = (await plant.ask("{ maintenancePlans { nodes { nextDueAt } } }"))["maintenancePlans"]["nodes"]
    return datetime.fromisoformat(node["nextDueAt"]) if node["nextDueAt"] else None


async def test_work_is_ordered_two_weeks_before_it_is_due(plant: Plant) -> None:
    machine = await plant.machine()
    await plan(plant, machine, everyDays=90, component="pump", tasks=["Drain", "Fill"])
    await run(plant)
    assert await orders(plant) == [
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
    assert await foreseen(plant) == NOW + 10 * DAY


async def test_a_plan_that_counts_from_the_end_of_time_keeps_no_other_from_its_work(plant: Plant) -> None:
    machine = await plant.machine()
    await plan(plant, machine, everyDays=90, countsFrom="9999-12-31T00:00:00Z")
    await plan(plant, machine, everyRunningHours=1.0, countsFrom="9999-12-31T00:00:00Z")
    await plan(plant, machine, everyDays=90)
    await run(plant)
    assert [order["dueAt"] for order in await orders(plant)] == [(NOW + 10 * DAY).isoformat()]


async def test_work_that_is_due_later_is_foreseen_and_not_ordered(plant: Plant) -> None:
    await plan(plant, await plant.machine(), everyDays=95)
    await run(plant)
    assert await orders(plant) == []
    assert await foreseen(plant) == NOW + 15 * DAY


async def test_work_is_ordered_once_however_often_the_job_runs(plant: Plant) -> None:
    await plan(plant, await plant.machine(), everyDays=90)
    for hours in range(3):
        await run(plant, NOW + timedelta(hours=hours))
    assert [order["reportedAt"] for order in await orders(plant)] == [NOW.isoformat()]


async def test_an_order_that_somebody_has_deleted_stays_so(plant: Plant) -> None:
    await plan(plant, await plant.machine(), everyDays=90)
    await run(plant)
    [order] = (await plant.ask("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [UUID(order["id"])])
    await run(plant)
    assert await orders(plant) == []


async def test_a_new_plan_is_foreseen_and_ordered_as_soon_as_it_is_heard_of(plant: Plant) -> None:
    machine = await plant.machine()
    identity = await plan(plant, machine, everyDays=90)
    await plan(plant, machine, name="Filters", everyDays=90)
    await plant.deliver(MaintenancePlan, identity)
    assert [order["title"] for order in await orders(plant)] == ["Oil"]
    found = await plant.ask("{ maintenancePlans { nodes { name nextDueAt } } }")
    foreseen = {node["name"]: node["nextDueAt"] for node in found["maintenancePlans"]["nodes"]}
    assert foreseen == {"Oil": (NOW + 10 * DAY).isoformat(), "Filters": None}


async def test_what_the_pack_foresees_wakes_it_no_second_time(plant: Plant) -> None:
    identity = await plan(plant, await plant.machine(), everyDays=90)
    await plant.deliver(MaintenancePlan, identity, fields=("nextDueAt",))
    assert await orders(plant) == []


async def test_a_plan_that_is_changed_while_its_work_is_ordered_is_not_ordered_twice(plant: Plant) -> None:
    identity = await plan(plant, await plant.machine(), everyDays=90)
    await run(plant)
    for days in (79, 82):
        await plant.update(MaintenancePlan, identity, countsFrom=(NOW - days * DAY).isoformat())
        await plant.deliver(MaintenancePlan, identity)
        await run(plant)
    assert len(await orders(plant)) == 1
    [order] = (await plant.ask("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    await plant.update(WorkOrder, order["id"], status="CANCELLED")
    await run(plant)
    assert sorted(order["status"] for order in await orders(plant)) == ["CANCELLED", "OPEN"]


async def test_work_is_ordered_once_where_two_run_the_job(plant: Plant) -> None:
    machine = await plant.machine()
    for days in range(81, 91):
        await plan(plant, machine, everyDays=days)
    await asyncio.gather(run(plant), run(plant), run(plant))
    assert len(await orders(plant)) == 10


async def test_a_week_without_the_job_leaves_one_order_for_each_interval(plant: Plant) -> None:
    before = NOW - 7 * DAY
    await plan(plant, await plant.machine(), everyDays=1, countsFrom=before.isoformat())
    await run(plant, before)
    await run(plant, NOW)
    assert len(await orders(plant)) == 1
    [order] = (await plant.ask("{ workOrders { nodes { id } } }"))["workOrders"]["nodes"]
    await plant.update(WorkOrder, order["id"], status="IN_PROGRESS", respondedAt=before.isoformat())
    await plant.update(WorkOrder, order["id"], **done(timedelta(0)))
    await plant.deliver(WorkOrder, UUID(order["id"]))
    await run(plant, NOW)
    assert sorted(one["dueAt"] for one in await orders(plant)) == [
        (before + DAY).isoformat(),
        (NOW + DAY).isoformat(),
    ]


async def test_running_hours_are_projected_from_the_readings_of_late(plant: Plant) -> None:
    machine = await plant.machine(runningHours=1_000, runningHoursAt=NOW.isoformat())
    meter = await plant.meter(machine)
    await plant.read(meter, (NOW - 10 * DAY, 840), (NOW, 1_000))
    await plan(plant, machine, everyRunningHours=500, countsFromRunningHours=660)
    await run(plant)
    assert await foreseen(plant) == NOW + 10 * DAY
    assert len(await orders(plant)) == 1


async def test_running_hours_of_a_machine_without_readings_follow_its_whole_life(plant: Plant) -> None:
    installed = (NOW - 100 * DAY).date().isoformat()
    machine = await plant.machine(installedOn=installed, runningHours=1_000, runningHoursAt=NOW.isoformat())
    await plan(plant, machine, everyRunningHours=500, countsFromRunningHours=700)
    await run(plant)
    due = await foreseen(plant)
    assert due is not None
    assert abs(due - (NOW + 20 * DAY)) < DAY


async def test_a_reading_past_the_threshold_orders_work_once(plant: Plant) -> None:
    machine = await plant.machine()
    meter = await plant.meter(machine, "VIBRATION", "mm/s")
    watching = {"meter": ref(meter), "comparison": "ABOVE", "threshold": 7.1}
    await plan(plant, machine, **watching)
    await plant.read(meter, (NOW - 90 * DAY, 9.0), (NOW - 3 * DAY, 7.1), (NOW - 2 * DAY, 7.4), (NOW - DAY, 8))
    await run(plant)
    await run(plant, NOW + DAY)
    assert [order["dueAt"] for order in await orders(plant)] == [(NOW - 2 * DAY).isoformat()]


async def test_nothing_is_ordered_for_plans_that_rest_and_machines_that_are_retired(plant: Plant) -> None:
    await plan(plant, await plant.machine("M-1"), everyDays=1, active=False)
    await plan(plant, await plant.machine("M-2", status="RETIRED"), everyDays=1)
    await run(plant)
    assert await orders(plant) == []


async def test_plans_are_looked_at_chunk_by_chunk(plant: Plant, monkeypatch: Any) -> None:
    monkeypatch.setattr("tenure_manufacturing.maintenance.preventive_orders.CHUNK", 2)
    machine = await plant.machine()
    for _ in range(5):
        await plan(plant, machine, everyDays=80)
    await run(plant)
    assert len(await orders(plant)) == 5


async def test_a_foreseen_moment_that_moves_by_hours_is_not_written_anew(plant: Plant) -> None:
    await plan(plant, await plant.machine(), everyDays=90)
    await run(plant)
    query = "{ maintenancePlans { nodes { version } } }"
    before = await plant.ask(query)
    await run(plant, NOW + timedelta(hours=5))
    assert await plant.ask(query) == before


async def test_it_is_the_job_that_does_it(plant: Plant) -> None:
    await plan(plant, await plant.machine(), everyDays=90)
    await plant.tenant.run_job("manufacturing", "due_work")
    assert len(await orders(plant)) == 1
