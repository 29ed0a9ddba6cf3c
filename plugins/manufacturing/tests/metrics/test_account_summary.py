"""The maintenance summary of an account."""

from __future__ import annotations

from typing import Any

from tenure_manufacturing.entities.plans import MaintenancePlan

from ..conftest import DAY, NOW, Plant, completed_fields, ref

QUERY = "{ accounts(orderBy: [{field: CREATED_AT}]) { nodes { name maintenanceSummary } } }"


async def read_summaries(plant: Plant) -> dict[str, Any]:
    nodes = (await plant.execute(QUERY))["accounts"]["nodes"]
    return {node["name"]: node["maintenanceSummary"] for node in nodes}


async def test_the_summary_covers_the_equipment_of_the_account(plant: Plant, create_plant: Any) -> None:
    other = await create_plant("Pennine Textiles")
    machine = await plant.create_machine("M-1", runningHours=100)
    await plant.create_machine("M-2", status="DOWN")
    await plant.create_order(machine, **completed_fields(downtimeMinutes=600))
    await plant.create_order(machine, kind="PREVENTIVE", dueAt=(NOW - DAY).isoformat())
    await plant.create_order(machine, responseBreachedAt=NOW.isoformat())
    for days in (5, 9):
        row = {
            "equipment": ref(machine),
            "name": "Oil",
            "intervalDays": 9,
            "intervalStartedAt": NOW.isoformat(),
        }
        await plant.create(MaintenancePlan, {**row, "nextDueAt": (NOW + days * DAY).isoformat()})
    await other.create_machine("M-3")
    assert await read_summaries(plant) == {
        "Rheintal Werkzeugbau": {
            "equipmentCount": 2,
            "equipmentDown": 1,
            "openWorkOrders": 2,
            "overdueWorkOrders": 1,
            "responseBreaches": 1,
            "failures": 2,
            "availability": 100 / 110,
            "nextDueAt": (NOW + 5 * DAY).isoformat(),
        },
        "Pennine Textiles": {
            "equipmentCount": 1,
            "equipmentDown": 0,
            "openWorkOrders": 0,
            "overdueWorkOrders": 0,
            "responseBreaches": 0,
            "failures": 0,
            "availability": None,
            "nextDueAt": None,
        },
    }


async def test_an_account_without_equipment_has_a_summary_of_zeros(plant: Plant) -> None:
    [summary] = (await read_summaries(plant)).values()
    assert (summary["equipmentCount"], summary["availability"], summary["nextDueAt"]) == (0, None, None)
