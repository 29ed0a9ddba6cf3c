"""Roles: who may do what with the pack."""

from __future__ import annotations

import pytest

from .conftest import NOW, Plant, ref


async def refused(plant: Plant, role: str, query: str, **variables: object) -> bool:
    """Return whether a key of a role is refused a question as a whole."""
    asking = await plant.tenant.acting_as(role)
    answer = await asking.ask(query, **variables)
    return [one["extensions"]["code"] for one in answer.get("errors", [])] == ["FORBIDDEN"]


CREATE_ORDER = "mutation($i: WorkOrderCreateInput!) { workOrderCreate(input: $i) { status } }"
CREATE_METER = "mutation($i: MeterCreateInput!) { meterCreate(input: $i) { status } }"
CREATE_READING = "mutation($i: MeterReadingCreateInput!) { meterReadingCreate(input: $i) { status } }"


@pytest.mark.parametrize(
    ("role", "customers", "orders", "meters", "readings"),
    [
        ("technician", True, True, False, True),
        ("planner", True, True, True, True),
        ("device_gateway", False, False, False, True),
        ("reader", True, False, False, False),
    ],
)
async def test_a_role_may_do_its_work_and_no_more(
    plant: Plant, role: str, customers: bool, orders: bool, meters: bool, readings: bool
) -> None:
    machine = await plant.machine()
    meter = await plant.meter(machine)
    order = {"equipment": ref(machine), "title": "x", "kind": "INSPECTION", "reportedAt": NOW.isoformat()}
    another = {"equipment": ref(machine), "name": "x", "kind": "OTHER", "unit": "x"}
    reading = {"meter": ref(meter), "value": 1.0, "takenAt": NOW.isoformat()}
    assert await refused(plant, role, "{ accounts { totalCount } }") is not customers
    assert await refused(plant, role, CREATE_ORDER, i=order) is not orders
    assert await refused(plant, role, CREATE_METER, i=another) is not meters
    assert await refused(plant, role, CREATE_READING, i=reading) is not readings


async def test_measures_need_the_right_to_see_what_they_are_made_of(plant: Plant) -> None:
    await plant.machine()
    assert not await refused(plant, "device_gateway", "{ equipments { nodes { runningHours } } }")
    assert await refused(plant, "device_gateway", "{ equipments { nodes { failureCount } } }")
