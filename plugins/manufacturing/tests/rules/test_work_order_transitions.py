"""Writes of work orders: transitions, required fields, locked fields and timestamps."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import NOW, Plant, ref

UPDATE = """mutation($input: WorkOrderUpdateInput!) { workOrderUpdate(input: $input) {
    workOrder { status } userErrors { code path message }
} }"""
CREATE = """mutation($input: WorkOrderCreateInput!) { workOrderCreate(input: $input) {
    workOrder { status } userErrors { code path message }
} }"""


async def update_order(plant: Plant, order: Any, **fields: object) -> dict[str, Any]:
    data = await plant.execute(UPDATE, input={"id": str(order), **fields})
    return data["workOrderUpdate"]


async def test_a_transition_that_skips_statuses_is_rejected_with_the_allowed_ones(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    assert await update_order(plant, order, status="SIGNED_OFF", signedOffBy="Ada") == {
        "workOrder": None,
        "userErrors": [
            {
                "code": "REJECTED",
                "path": ["input", "status"],
                "message": "the status OPEN can change to ASSIGNED, IN_PROGRESS or CANCELLED, "
                "not to SIGNED_OFF",
            }
        ],
    }


async def test_a_work_order_can_go_from_open_to_signed_off(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    steps = [
        {"status": "ASSIGNED", "assignee": "Marta"},
        {"status": "IN_PROGRESS", "respondedAt": NOW.isoformat()},
        {"status": "ON_HOLD"},
        {"status": "IN_PROGRESS"},
        {"status": "COMPLETED", "completedAt": NOW.isoformat()},
        {"status": "SIGNED_OFF", "signedOffBy": "Ada", "signedOffAt": NOW.isoformat()},
    ]
    for fields in steps:
        assert (await update_order(plant, order, **fields))["userErrors"] == []


@pytest.mark.parametrize(
    ("status", "name"),
    [("ASSIGNED", "assignee"), ("IN_PROGRESS", "respondedAt")],
)
async def test_a_status_needs_its_required_field(plant: Plant, status: str, name: str) -> None:
    order = await plant.create_order(await plant.create_machine())
    [error] = (await update_order(plant, order, status=status))["userErrors"]
    assert error == {
        "code": "REJECTED",
        "path": ["input", name],
        "message": f"a work order with status {status} needs {name}",
    }


async def test_a_required_field_cannot_be_cleared(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine(), status="ASSIGNED", assignee="Marta")
    [error] = (await update_order(plant, order, assignee=None))["userErrors"]
    assert error["path"] == ["input", "assignee"]
    assert (await update_order(plant, order, title="Another title"))["userErrors"] == []


SIGNED_OFF: dict[str, object] = {
    "status": "SIGNED_OFF",
    "signedOffBy": "Ada",
    "completedAt": NOW.isoformat(),
    "tasks": ["Drain", "Fill"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "Another title"),
        ("resolution", "Nothing was done"),
        ("labourMinutes", 600),
        ("downtimeMinutes", None),
        ("signedOffBy", "Bob"),
        pytest.param("signedOffAt", NOW.isoformat(), id="signedOffAt"),
        ("tasks", ["Drain"]),
        ("kind", "PREVENTIVE"),
    ],
)
async def test_the_fields_of_a_signed_off_order_are_locked(plant: Plant, name: str, value: object) -> None:
    order = await plant.create_order(await plant.create_machine(), **SIGNED_OFF, downtimeMinutes=30)
    [error] = (await update_order(plant, order, **{name: value}))["userErrors"]
    assert error == {
        "code": "REJECTED",
        "path": ["input", name],
        "message": f"{name} cannot be changed while the status is SIGNED_OFF: change only the cost",
    }


async def test_the_equipment_of_a_signed_off_order_is_locked(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine("M-1"), **SIGNED_OFF)
    other = await plant.create_machine("M-2")
    [error] = (await update_order(plant, order, equipment=ref(other)))["userErrors"]
    assert error["path"] == ["input", "equipment"]


async def test_a_signed_off_order_accepts_equal_values_and_a_new_cost(plant: Plant) -> None:
    machine = await plant.create_machine()
    order = await plant.create_order(machine, **SIGNED_OFF)
    values = {**SIGNED_OFF, "equipment": ref(machine), "title": "Repair", "reportedAt": NOW.isoformat()}
    cost = {"minorUnits": 12_000, "currency": "EUR"}
    assert (await update_order(plant, order, **values, cost=cost))["userErrors"] == []
    assert (await plant.execute("{ workOrders { nodes { cost { minorUnits } } } }"))["workOrders"][
        "nodes"
    ] == [{"cost": {"minorUnits": 12_000}}]


async def test_a_signed_off_order_can_be_deleted_and_restored(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine(), **SIGNED_OFF)
    for mutation in ("workOrderDelete", "workOrderRestore"):
        query = f"mutation($id: ID!) {{ {mutation}(input: {{id: $id}}) {{ userErrors {{ message }} }} }}"
        assert (await plant.execute(query, id=str(order)))[mutation]["userErrors"] == []


async def test_a_cancelled_order_is_locked_until_it_is_opened(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine(), status="CANCELLED")
    [error] = (await update_order(plant, order, priority="HIGH"))["userErrors"]
    assert error["path"] == ["input", "priority"]
    assert "the status to OPEN" in error["message"]
    assert (await update_order(plant, order, priority="HIGH", status="OPEN"))["userErrors"] == []


@pytest.mark.parametrize("name", ["intervalStartedAt", "responseBreachedAt", "breachNotifiedAt"])
async def test_fields_that_the_pack_maintains_are_not_writable(plant: Plant, name: str) -> None:
    order = await plant.create_order(await plant.create_machine())
    response = await plant.tenant.execute(UPDATE, input={"id": str(order), name: NOW.isoformat()})
    assert f"unknown field '{name}'" in response["errors"][0]["message"]


@pytest.mark.parametrize("name", ["respondedAt", "completedAt", "signedOffAt"])
async def test_a_timestamp_in_the_future_is_rejected(plant: Plant, name: str) -> None:
    order = await plant.create_order(await plant.create_machine())
    [error] = (await update_order(plant, order, **{name: "2062-03-01T00:00:00Z"}))["userErrors"]
    assert error["path"] == ["input", name]
    assert "is in the future" in error["message"]


async def test_a_new_order_can_have_any_status_with_its_required_field(plant: Plant) -> None:
    row = {
        "equipment": ref(await plant.create_machine()),
        "title": "Repair",
        "kind": "CORRECTIVE",
        "reportedAt": NOW.isoformat(),
        "status": "COMPLETED",
    }
    [error] = (await plant.execute(CREATE, input=row))["workOrderCreate"]["userErrors"]
    assert error["path"] == ["input", "completedAt"]
    data = await plant.execute(CREATE, input={**row, "completedAt": NOW.isoformat()})
    assert data["workOrderCreate"]["workOrder"] == {"status": "COMPLETED"}


async def test_signing_off_needs_the_permission(plant: Plant) -> None:
    completed = {"status": "COMPLETED", "completedAt": NOW.isoformat()}
    order = await plant.create_order(await plant.create_machine(), **completed)
    sign_off = {"status": "SIGNED_OFF", "signedOffBy": "Ada"}
    planner = Plant(await plant.tenant.with_role("planner"), plant.account)
    [error] = (await update_order(planner, order, **sign_off))["userErrors"]
    assert error["path"] == ["input", "status"]
    assert "manufacturing.sign_off" in error["message"]
    technician = Plant(await plant.tenant.with_role("technician"), plant.account)
    assert (await update_order(technician, order, **sign_off))["userErrors"] == []


async def test_rows_are_validated_individually(plant: Plant) -> None:
    first, second = [
        await plant.create_order(await plant.create_machine(serial)) for serial in ("M-1", "M-2")
    ]
    rows = [
        {"match": {"id": str(first)}, "status": "COMPLETED", "completedAt": NOW.isoformat()},
        {"match": {"id": str(second)}, "status": "CANCELLED"},
    ]
    data = await plant.execute(
        """mutation($rows: [WorkOrderUpsertRow!]!) {
            workOrdersBulkUpsert(input: {rows: $rows, errorPolicy: REJECT_FAILED_ROWS}) {
                results { status userErrors { path } }
            }
        }""",
        rows=rows,
    )
    assert data["workOrdersBulkUpsert"]["results"] == [
        {"status": "FAILED", "userErrors": [{"path": ["input", "rows", "0", "status"]}]},
        {"status": "UPDATED", "userErrors": []},
    ]
