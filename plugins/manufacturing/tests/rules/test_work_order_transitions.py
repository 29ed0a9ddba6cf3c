"""Steps: what a work order may not become is refused with the reason, whoever writes it, and however."""

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


async def step(plant: Plant, order: Any, **fields: object) -> dict[str, Any]:
    answer = await plant.ask(UPDATE, input={"id": str(order), **fields})
    return answer["workOrderUpdate"]


async def test_a_step_that_skips_the_work_is_refused_with_what_would_be_right(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    assert await step(plant, order, status="SIGNED_OFF", signedOffBy="Ada") == {
        "workOrder": None,
        "userErrors": [
            {
                "code": "REFUSED",
                "path": ["input", "status"],
                "message": "a work order that is OPEN can become ASSIGNED, IN_PROGRESS or CANCELLED, "
                "not SIGNED_OFF",
            }
        ],
    }


async def test_work_goes_from_open_to_signed_off(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    steps = [
        {"status": "ASSIGNED", "assignee": "Marta"},
        {"status": "IN_PROGRESS", "respondedAt": NOW.isoformat()},
        {"status": "ON_HOLD"},
        {"status": "IN_PROGRESS"},
        {"status": "COMPLETED", "completedAt": NOW.isoformat()},
        {"status": "SIGNED_OFF", "signedOffBy": "Ada", "signedOffAt": NOW.isoformat()},
    ]
    for fields in steps:
        assert (await step(plant, order, **fields))["userErrors"] == []


@pytest.mark.parametrize(
    ("status", "lacking"),
    [("ASSIGNED", "assignee"), ("IN_PROGRESS", "respondedAt")],
)
async def test_a_status_needs_the_field_that_tells_of_it(plant: Plant, status: str, lacking: str) -> None:
    order = await plant.order(await plant.machine())
    [error] = (await step(plant, order, status=status))["userErrors"]
    assert error == {
        "code": "REFUSED",
        "path": ["input", lacking],
        "message": f"a work order that is {status} needs {lacking}",
    }


async def test_the_field_can_not_be_taken_away_either(plant: Plant) -> None:
    order = await plant.order(await plant.machine(), status="ASSIGNED", assignee="Marta")
    [error] = (await step(plant, order, assignee=None))["userErrors"]
    assert error["path"] == ["input", "assignee"]
    assert (await step(plant, order, title="Another title"))["userErrors"] == []


SIGNED: dict[str, object] = {
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
async def test_what_a_customer_has_accepted_stays_as_it_is(plant: Plant, name: str, value: object) -> None:
    order = await plant.order(await plant.machine(), **SIGNED, downtimeMinutes=30)
    [error] = (await step(plant, order, **{name: value}))["userErrors"]
    assert error == {
        "code": "REFUSED",
        "path": ["input", name],
        "message": f"a work order that is SIGNED_OFF keeps its {name}; only its cost may still be written",
    }


async def test_it_stays_with_its_equipment(plant: Plant) -> None:
    order = await plant.order(await plant.machine("M-1"), **SIGNED)
    other = await plant.machine("M-2")
    [error] = (await step(plant, order, equipment=ref(other)))["userErrors"]
    assert error["path"] == ["input", "equipment"]


async def test_it_can_be_written_again_as_it_is_and_its_bill_may_come_later(plant: Plant) -> None:
    machine = await plant.machine()
    order = await plant.order(machine, **SIGNED)
    again = {**SIGNED, "equipment": ref(machine), "title": "Repair", "reportedAt": NOW.isoformat()}
    cost = {"minorUnits": 12_000, "currency": "EUR"}
    assert (await step(plant, order, **again, cost=cost))["userErrors"] == []
    assert (await plant.ask("{ workOrders { nodes { cost { minorUnits } } } }"))["workOrders"]["nodes"] == [
        {"cost": {"minorUnits": 12_000}}
    ]


async def test_a_signed_off_order_can_be_deleted_and_restored(plant: Plant) -> None:
    order = await plant.order(await plant.machine(), **SIGNED)
    for mutation in ("workOrderDelete", "workOrderRestore"):
        query = f"mutation($id: ID!) {{ {mutation}(input: {{id: $id}}) {{ userErrors {{ message }} }} }}"
        assert (await plant.ask(query, id=str(order)))[mutation]["userErrors"] == []


async def test_a_cancelled_order_changes_only_where_it_is_opened_again(plant: Plant) -> None:
    order = await plant.order(await plant.machine(), status="CANCELLED")
    [error] = (await step(plant, order, priority="HIGH"))["userErrors"]
    assert error["path"] == ["input", "priority"]
    assert "unless it is OPEN again" in error["message"]
    assert (await step(plant, order, priority="HIGH", status="OPEN"))["userErrors"] == []


@pytest.mark.parametrize("name", ["countedFrom", "responseBreachedAt", "breachToldAt"])
async def test_what_the_pack_keeps_is_no_input(plant: Plant, name: str) -> None:
    order = await plant.order(await plant.machine())
    answer = await plant.tenant.ask(UPDATE, input={"id": str(order), name: NOW.isoformat()})
    assert f"unknown field '{name}'" in answer["errors"][0]["message"]


@pytest.mark.parametrize("name", ["respondedAt", "completedAt", "signedOffAt"])
async def test_what_has_not_come_yet_has_not_happened(plant: Plant, name: str) -> None:
    order = await plant.order(await plant.machine())
    [error] = (await step(plant, order, **{name: "2062-03-01T00:00:00Z"}))["userErrors"]
    assert error["path"] == ["input", name]
    assert "has not come yet" in error["message"]


async def test_history_comes_in_as_it_was(plant: Plant) -> None:
    row = {
        "equipment": ref(await plant.machine()),
        "title": "Repair",
        "kind": "CORRECTIVE",
        "reportedAt": NOW.isoformat(),
        "status": "COMPLETED",
    }
    [error] = (await plant.ask(CREATE, input=row))["workOrderCreate"]["userErrors"]
    assert error["path"] == ["input", "completedAt"]
    created = await plant.ask(CREATE, input={**row, "completedAt": NOW.isoformat()})
    assert created["workOrderCreate"]["workOrder"] == {"status": "COMPLETED"}


async def test_who_may_not_sign_off_is_told_so(plant: Plant) -> None:
    completed = {"status": "COMPLETED", "completedAt": NOW.isoformat()}
    order = await plant.order(await plant.machine(), **completed)
    signed = {"status": "SIGNED_OFF", "signedOffBy": "Ada"}
    planner = Plant(await plant.tenant.acting_as("planner"), plant.account)
    [error] = (await step(planner, order, **signed))["userErrors"]
    assert error["path"] == ["input", "status"]
    assert "manufacturing.sign_off" in error["message"]
    technician = Plant(await plant.tenant.acting_as("technician"), plant.account)
    assert (await step(technician, order, **signed))["userErrors"] == []


async def test_rows_are_refused_one_by_one(plant: Plant) -> None:
    first, second = [await plant.order(await plant.machine(serial)) for serial in ("M-1", "M-2")]
    rows = [
        {"match": {"id": str(first)}, "status": "COMPLETED", "completedAt": NOW.isoformat()},
        {"match": {"id": str(second)}, "status": "CANCELLED"},
    ]
    answer = await plant.ask(
        """mutation($rows: [WorkOrderUpsertRow!]!) {
            workOrdersBulkUpsert(input: {rows: $rows, errorPolicy: REJECT_FAILED_ROWS}) {
                results { status userErrors { path } }
            }
        }""",
        rows=rows,
    )
    assert answer["workOrdersBulkUpsert"]["results"] == [
        {"status": "FAILED", "userErrors": [{"path": ["input", "rows", "0", "status"]}]},
        {"status": "UPDATED", "userErrors": []},
    ]
