"""A plan needs an interval or a complete condition."""

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


async def create_plan(plant: Plant, machine: UUID, **fields: object) -> dict[str, Any]:
    row = {"equipment": ref(machine), "name": "Oil", "intervalStartedAt": NOW.isoformat(), **fields}
    return (await plant.execute(CREATE, input=row))["maintenancePlanCreate"]


async def test_a_plan_without_interval_and_condition_is_rejected(plant: Plant) -> None:
    [error] = (await create_plan(plant, await plant.create_machine()))["userErrors"]
    assert error["code"] == "REJECTED"
    assert "set intervalDays, intervalRunningHours, or a condition" in error["message"]


async def test_an_incomplete_condition_is_rejected(plant: Plant) -> None:
    machine = await plant.create_machine()
    meter = await plant.create_meter(machine)
    [error] = (await create_plan(plant, machine, meter=ref(meter), intervalDays=90))["userErrors"]
    assert error["message"] == "a condition needs meter, comparison and threshold: set all three or none"


async def test_an_update_cannot_remove_the_last_interval(plant: Plant) -> None:
    payload = await create_plan(plant, await plant.create_machine(), intervalDays=90)
    identity = payload["maintenancePlan"]["id"]
    [error] = (await plant.execute(UPDATE, input={"id": identity, "intervalDays": None}))[
        "maintenancePlanUpdate"
    ]["userErrors"]
    assert error["code"] == "REJECTED"
    assert (
        await plant.execute(UPDATE, input={"id": identity, "intervalDays": None, "intervalRunningHours": 500})
    )["maintenancePlanUpdate"]["userErrors"] == []
