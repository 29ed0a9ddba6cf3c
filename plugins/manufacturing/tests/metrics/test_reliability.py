"""The formulas of EN 15341 for equipment, products and accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder

from ..conftest import HOUR, Plant, completed_fields, ref

METRICS = """
    operatingHours failureCount downtimeHours meanHoursBetweenFailures meanHoursToRepair availability
    maintenanceCost costCurrency costPerRunningHour
"""


def euros(cents: int) -> dict[str, object]:
    return {"minorUnits": cents, "currency": "EUR"}


async def read_metrics(plant: Plant, serial: str = "M-1") -> dict[str, Any]:
    machines = f"equipments(where: {{serialNumber: {{eq: $s}}}}) {{ nodes {{ {METRICS} }} }}"
    query = f"query($s: String!) {{ {machines} }}"
    return (await plant.execute(query, s=serial))["equipments"]["nodes"][0]


async def test_the_metrics_follow_the_formulas(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=1_250, initialRunningHours=250)
    await plant.create_order(machine, **completed_fields(downtimeMinutes=90, cost=euros(30_000)))
    await plant.create_order(machine, **completed_fields(downtimeMinutes=150, cost=euros(50_000)))
    await plant.create_order(
        machine, kind="PREVENTIVE", **completed_fields(downtimeMinutes=60, cost=euros(20_000))
    )
    assert await read_metrics(plant) == {
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


async def test_equipment_without_history_has_no_averages(plant: Plant) -> None:
    await plant.create_machine()
    assert await read_metrics(plant) == {
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


async def test_cancelled_orders_are_not_included(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=100)
    await plant.create_order(machine, status="CANCELLED", downtimeMinutes=600, cost=euros(1))
    metrics = await read_metrics(plant)
    assert (metrics["failureCount"], metrics["downtimeHours"], metrics["maintenanceCost"]) == (0, None, None)


async def test_deleted_records_are_not_included(plant: Plant) -> None:
    [product] = await plant.create(Product, {"code": "PR-80", "name": "Press"})
    machine = await plant.create_machine("M-1", runningHours=100, product=ref(product))
    deleted_machine = await plant.create_machine("M-2", runningHours=900, product=ref(product))
    deleted_order = await plant.create_order(machine)
    await plant.create_order(deleted_machine)
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [deleted_order])
        await context.write.delete(Equipment, [deleted_machine])
    data = await plant.execute("{ products { nodes { operatingHours failureCount } } }")
    assert data["products"]["nodes"] == [{"operatingHours": 100, "failureCount": 0}]


async def test_an_unfinished_repair_is_a_failure_but_has_no_time_to_repair(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=100)
    await plant.create_order(machine)
    metrics = await read_metrics(plant)
    assert (metrics["failureCount"], metrics["meanHoursToRepair"]) == (1, None)


async def test_costs_in_several_currencies_are_null(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=100)
    await plant.create_order(machine, **completed_fields(cost=euros(100)))
    await plant.create_order(machine, **completed_fields(cost={"minorUnits": 100, "currency": "CHF"}))
    metrics = await read_metrics(plant)
    assert (metrics["maintenanceCost"], metrics["costCurrency"], metrics["costPerRunningHour"]) == (None,) * 3


async def test_the_metrics_of_a_product_are_computed_from_sums(plant: Plant) -> None:
    [product] = await plant.create(Product, {"code": "PR-80", "name": "Press"})
    busy = await plant.create_machine("M-1", runningHours=9_000, product=ref(product))
    idle = await plant.create_machine("M-2", runningHours=1_000, product=ref(product))
    for machine in (busy, busy, busy, idle):
        await plant.create_order(machine, **completed_fields(2 * HOUR, downtimeMinutes=120))
    data = await plant.execute(f"{{ products {{ nodes {{ {METRICS} }} }} }}")
    metrics = data["products"]["nodes"][0]
    assert (metrics["operatingHours"], metrics["failureCount"]) == (10_000, 4)
    assert metrics["meanHoursBetweenFailures"] == 2_500
    assert metrics["availability"] == pytest.approx(10_000 / 10_008)


async def test_accounts_can_be_filtered_and_ordered_by_metrics(plant: Plant, create_plant: Any) -> None:
    good, bad = plant, await create_plant("Pennine Textiles")
    await good.create_machine("M-1", runningHours=1_000)
    failing = await bad.create_machine("M-2", runningHours=1_000)
    for _ in range(4):
        await bad.create_order(failing, **completed_fields())
    data = await plant.execute("""{
        accounts(
            where: {equipmentMeanHoursBetweenFailures: {lt: 300}}
            orderBy: [{field: EQUIPMENT_AVAILABILITY}]
        ) { nodes { name equipmentFailureCount } }
    }""")
    assert data["accounts"]["nodes"] == [{"name": "Pennine Textiles", "equipmentFailureCount": 4}]


async def test_metrics_can_be_grouped_by_model(plant: Plant) -> None:
    for serial, model, failures in (("M-1", "A", 1), ("M-2", "A", 3), ("M-3", "B", 2)):
        machine = await plant.create_machine(serial, model=model, runningHours=100)
        for _ in range(failures):
            await plant.create_order(machine)
    data = await plant.execute("""{
        equipmentsAggregate(groupBy: [{field: MODEL}]) {
            key { model } sum { operatingHours failureCount } average { meanHoursBetweenFailures }
        }
    }""")
    assert data["equipmentsAggregate"] == [
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
