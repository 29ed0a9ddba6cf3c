"""Rules of plans: what nothing makes due is no plan."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..conftest import NOW, Plant, ref

CREATE = """mutation($input: MaintenancePlanCreateInput!) { maintenancePlanCreate(input: $input) {
    maintenancePlan { id } userErrors { code path message }
} }"""
UPDATE = """mutation($input: MaintenancePlanUpdateInput!) { maintenancePlanUpdate(input: $input) {
    userErrors { code message }
} }"""


async def create(plant: Plant, machine: UUID, **fields: object) -> dict[str, Any]:
    row = {"equipment": ref(machine), "name": "Oil", "countsFrom": NOW.isoformat(), **fields}
    return (await plant.ask(CREATE, input=row))["maintenancePlanCreate"]


async def test_a_plan_that_nothing_makes_due_is_refused(plant: Plant) -> None:
    [error] = (await create(plant, await plant.machine()))["userErrors"]
    assert error["code"] == "REFUSED"
    assert "everyDays, everyRunningHours, or a meter" in error["message"]


async def test_half_a_condition_is_refused(plant: Plant) -> None:
    machine = await plant.machine()
    meter = await plant.meter(machine)
    [error] = (await create(plant, machine, meter=ref(meter), everyDays=90))["userErrors"]
    assert error["message"] == "meter, comparison and threshold go together: give all three or none"


async def test_a_plan_keeps_what_makes_it_due(plant: Plant) -> None:
    made = await create(plant, await plant.machine(), everyDays=90)
    identity = made["maintenancePlan"]["id"]
    [error] = (await plant.ask(UPDATE, input={"id": identity, "everyDays": None}))["maintenancePlanUpdate"][
        "userErrors"
    ]
    assert error["code"] == "REFUSED"
    assert (await plant.ask(UPDATE, input={"id": identity, "everyDays": None, "everyRunningHours": 500}))[
        "maintenancePlanUpdate"
    ]["userErrors"] == []
