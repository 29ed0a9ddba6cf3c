"""The roles: technician, planner and device gateway."""

from __future__ import annotations

import pytest

from .conftest import NOW, Plant, ref

CREATE_ORDER = "mutation($i: WorkOrderCreateInput!) { workOrderCreate(input: $i) { status } }"
CREATE_METER = "mutation($i: MeterCreateInput!) { meterCreate(input: $i) { status } }"
CREATE_READING = "mutation($i: MeterReadingCreateInput!) { meterReadingCreate(input: $i) { status } }"


async def is_forbidden(plant: Plant, role: str, query: str, **variables: object) -> bool:
    tenant = await plant.tenant.with_role(role)
    response = await tenant.execute(query, **variables)
    return [error["extensions"]["code"] for error in response.get("errors", [])] == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("role", "customers", "orders", "meters", "readings"),
    [
        ("technician", True, True, False, True),
        ("planner", True, True, True, True),
        ("device_gateway", False, False, False, True),
        ("reader", True, False, False, False),
    ],
)
async def test_a_role_has_only_the_permissions_for_its_work(
    plant: Plant, role: str, customers: bool, orders: bool, meters: bool, readings: bool
) -> None:
    machine = await plant.create_machine()
    meter = await plant.create_meter(machine)
    order = {"equipment": ref(machine), "title": "x", "kind": "INSPECTION", "reportedAt": NOW.isoformat()}
    new_meter = {"equipment": ref(machine), "name": "x", "kind": "OTHER", "unit": "x"}
    reading = {"meter": ref(meter), "value": 1.0, "takenAt": NOW.isoformat()}
    assert await is_forbidden(plant, role, "{ accounts { totalCount } }") is not customers
    assert await is_forbidden(plant, role, CREATE_ORDER, i=order) is not orders
    assert await is_forbidden(plant, role, CREATE_METER, i=new_meter) is not meters
    assert await is_forbidden(plant, role, CREATE_READING, i=reading) is not readings


async def test_metrics_need_read_access_to_the_entities_they_are_computed_from(plant: Plant) -> None:
    await plant.create_machine()
    assert not await is_forbidden(plant, "device_gateway", "{ equipments { nodes { runningHours } } }")
    assert await is_forbidden(plant, "device_gateway", "{ equipments { nodes { failureCount } } }")
