"""Measures: the formulas of EN 15341, over a machine, a model line and an account."""

from __future__ import annotations

from typing import Any

import pytest

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder

from ..conftest import HOUR, Plant, done, ref

MEASURES = """
    operatingHours failureCount downtimeHours meanHoursBetweenFailures meanHoursToRepair availability
    maintenanceCost costCurrency costPerRunningHour
"""


def euros(cents: int) -> dict[str, object]:
    return {"minorUnits": cents, "currency": "EUR"}


async def measured(plant: Plant, serial: str = "M-1") -> dict[str, Any]:
    machines = f"equipments(where: {{serialNumber: {{eq: $s}}}}) {{ nodes {{ {MEASURES} }} }}"
    query = f"query($s: String!) {{ {machines} }}"
    return (await plant.ask(query, s=serial))["equipments"]["nodes"][0]


async def test_a_machine_that_ran_and_failed(plant: Plant) -> None:
    machine = await plant.machine(runningHours=1_250, initialRunningHours=250)
    await plant.order(machine, **done(downtimeMinutes=90, cost=euros(30_000)))
    await plant.order(machine, **done(downtimeMinutes=150, cost=euros(50_000)))
    await plant.order(machine, kind="PREVENTIVE", **done(downtimeMinutes=60, cost=euros(20_000)))
    assert await measured(plant) == {
        "operatingHours": 1_000,
        "failureCount": 2,
        "downtimeHours": 5,
        "meanHoursBetweenFailures": 500,
        "meanHoursToRepair": 2,
        "availability": pytest.approx(1_000 / 1_005),
        "maintenanceCost": 100_000,
        "costCurrency": "EUR",
        "costPerRunningHour": 100,
    }


async def test_a_machine_without_a_history_has_no_means(plant: Plant) -> None:
    await plant.machine()
    assert await measured(plant) == {
        "operatingHours": 0,
        "failureCount": 0,
        "downtimeHours": None,
        "meanHoursBetweenFailures": None,
        "meanHoursToRepair": None,
        "availability": None,
        "maintenanceCost": None,
        "costCurrency": None,
        "costPerRunningHour": None,
    }


async def test_cancelled_work_counts_nowhere(plant: Plant) -> None:
    machine = await plant.machine(runningHours=100)
    await plant.order(machine, status="CANCELLED", downtimeMinutes=600, cost=euros(1))
    found = await measured(plant)
    assert (found["failureCount"], found["downtimeHours"], found["maintenanceCost"]) == (0, None, None)


async def test_what_was_deleted_counts_nowhere(plant: Plant) -> None:
    [line] = await plant.create(Product, {"code": "PR-80", "name": "Press"})
    kept = await plant.machine("M-1", runningHours=100, product=ref(line))
    gone = await plant.machine("M-2", runningHours=900, product=ref(line))
    mistaken = await plant.order(kept)
    await plant.order(gone)
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [mistaken])
        await context.write.delete(Equipment, [gone])
    answer = await plant.ask("{ products { nodes { operatingHours failureCount } } }")
    assert answer["products"]["nodes"] == [{"operatingHours": 100, "failureCount": 0}]


async def test_a_repair_that_is_not_done_is_a_failure_and_not_yet_a_time_to_repair(plant: Plant) -> None:
    machine = await plant.machine(runningHours=100)
    await plant.order(machine)
    found = await measured(plant)
    assert (found["failureCount"], found["meanHoursToRepair"]) == (1, None)


async def test_costs_in_several_currencies_are_not_added_up(plant: Plant) -> None:
    machine = await plant.machine(runningHours=100)
    await plant.order(machine, **done(cost=euros(100)))
    await plant.order(machine, **done(cost={"minorUnits": 100, "currency": "CHF"}))
    found = await measured(plant)
    assert (found["maintenanceCost"], found["costCurrency"], found["costPerRunningHour"]) == (None,) * 3


async def test_a_line_is_measured_over_its_machines_by_sums(plant: Plant) -> None:
    [line] = await plant.create(Product, {"code": "PR-80", "name": "Press"})
    busy = await plant.machine("M-1", runningHours=9_000, product=ref(line))
    idle = await plant.machine("M-2", runningHours=1_000, product=ref(line))
    for machine in (busy, busy, busy, idle):
        await plant.order(machine, **done(2 * HOUR, downtimeMinutes=120))
    answer = await plant.ask(f"{{ products {{ nodes {{ {MEASURES} }} }} }}")
    found = answer["products"]["nodes"][0]
    assert (found["operatingHours"], found["failureCount"]) == (10_000, 4)
    assert found["meanHoursBetweenFailures"] == 2_500
    assert found["availability"] == pytest.approx(10_000 / 10_008)


async def test_accounts_are_filtered_and_ordered_by_how_their_machines_do(
    plant: Plant, new_plant: Any
) -> None:
    good, bad = plant, await new_plant("Pennine Textiles")
    await good.machine("M-1", runningHours=1_000)
    failing = await bad.machine("M-2", runningHours=1_000)
    for _ in range(4):
        await bad.order(failing, **done())
    answer = await plant.ask("""{
        accounts(
            where: {equipmentMeanHoursBetweenFailures: {lt: 300}}
            orderBy: [{field: EQUIPMENT_AVAILABILITY}]
        ) { nodes { name equipmentFailureCount } }
    }""")
    assert answer["accounts"]["nodes"] == [{"name": "Pennine Textiles", "equipmentFailureCount": 4}]


async def test_measures_are_grouped_by_model(plant: Plant) -> None:
    for serial, model, failures in (("M-1", "A", 1), ("M-2", "A", 3), ("M-3", "B", 2)):
        machine = await plant.machine(serial, model=model, runningHours=100)
        for _ in range(failures):
            await plant.order(machine)
    answer = await plant.ask("""{
        equipmentsAggregate(groupBy: [{field: MODEL}]) {
            key { model } sum { operatingHours failureCount } average { meanHoursBetweenFailures }
        }
    }""")
    assert answer["equipmentsAggregate"] == [
        {
            "key": {"model": "A"},
            "sum": {"operatingHours": 200, "failureCount": 4},
            "average": {"meanHoursBetweenFailures": pytest.approx((100 + 100 / 3) / 2)},
        },
        {
            "key": {"model": "B"},
            "sum": {"operatingHours": 100, "failureCount": 2},
            "average": {"meanHoursBetweenFailures": 50},
        },
    ]
