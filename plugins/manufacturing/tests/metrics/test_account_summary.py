"""Summaries: an account's machines in one look."""

from __future__ import annotations

from typing import Any

from tenure_manufacturing.entities.plans import MaintenancePlan

from ..conftest import DAY, NOW, Plant, done, ref

QUERY = "{ accounts(orderBy: [{field: CREATED_AT}]) { nodes { name maintenanceSummary } } }"


async def summaries(plant: Plant) -> dict[str, Any]:
    nodes = (await plant.ask(QUERY))["accounts"]["nodes"]
    return {node["name"]: node["maintenanceSummary"] for node in nodes}


async def test_an_account_is_summed_up(plant: Plant, new_plant: Any) -> None:
    other = await new_plant("Pennine Textiles")
    machine = await plant.machine("M-1", runningHours=100)
    await plant.machine("M-2", status="DOWN")
    await plant.order(machine, **done(downtimeMinutes=600))
    await plant.order(machine, kind="PREVENTIVE", dueAt=(NOW - DAY).isoformat())
    await plant.order(machine, responseBreachedAt=NOW.isoformat())
    for days in (5, 9):
        row = {"equipment": ref(machine), "name": "Oil", "everyDays": 9, "countsFrom": NOW.isoformat()}
        await plant.create(MaintenancePlan, {**row, "nextDueAt": (NOW + days * DAY).isoformat()})
    await other.machine("M-3")
    assert await summaries(plant) == {
        "Rheintal Werkzeugbau": {
            "equipmentCount": 2,
            "equipmentDown": 1,
            "openWorkOrders": 2,
            "overdueWorkOrders": 1,
            "lateResponses": 1,
            "failures": 2,
            "availability": 100 / 110,
            "nextDueAt": (NOW + 5 * DAY).isoformat(),
        },
        "Pennine Textiles": {
            "equipmentCount": 1,
            "equipmentDown": 0,
            "openWorkOrders": 0,
            "overdueWorkOrders": 0,
            "lateResponses": 0,
            "failures": 0,
            "availability": None,
            "nextDueAt": None,
        },
    }


async def test_an_account_without_machines_has_a_summary_too(plant: Plant) -> None:
    [summary] = (await summaries(plant)).values()
    assert (summary["equipmentCount"], summary["availability"], summary["nextDueAt"]) == (0, None, None)
