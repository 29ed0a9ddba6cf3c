"""The account timeline contains one activity for each work order and error event."""

from __future__ import annotations

from typing import Any

from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.work_orders import WorkOrder

from ..conftest import HOUR, NOW, Plant, completed_fields, ref

TIMELINE = """{ accounts { nodes { activities { nodes {
    kind subject body direction outcome occurredAt completedAt durationSeconds attributes
} } } } }"""


async def read_timeline(plant: Plant) -> list[dict[str, Any]]:
    [account] = (await plant.execute(TIMELINE))["accounts"]["nodes"]
    return account["activities"]["nodes"]


async def test_a_work_order_becomes_an_activity_of_the_account(plant: Plant) -> None:
    machine = await plant.create_machine()
    order = await plant.create_order(machine, **completed_fields(labourMinutes=90, resolution="Sealed leak"))
    await plant.handle_changes(WorkOrder, order)
    [activity] = await read_timeline(plant)
    assert activity == {
        "kind": "MAINTENANCE",
        "subject": "Repair: M-1",
        "body": "Sealed leak",
        "direction": "INBOUND",
        "outcome": "COMPLETED",
        "occurredAt": (NOW + HOUR).isoformat(),
        "completedAt": (NOW + HOUR).isoformat(),
        "durationSeconds": 5_400,
        "attributes": {"workOrderId": str(order), "equipmentId": str(machine)},
    }


async def test_repeated_changes_create_one_activity(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    await plant.handle_changes(WorkOrder, order, order)
    before = await plant.execute("{ activities { nodes { id version updatedAt } } }")
    await plant.handle_changes(WorkOrder, order)
    assert await plant.execute("{ activities { nodes { id version updatedAt } } }") == before
    assert len(await read_timeline(plant)) == 1


async def test_a_changed_order_updates_its_activity(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    await plant.handle_changes(WorkOrder, order)
    await plant.update(WorkOrder, order, title="Replace the pump")
    await plant.handle_changes(WorkOrder, order)
    [activity] = await read_timeline(plant)
    assert activity["subject"] == "Replace the pump: M-1"


async def test_the_activity_of_a_deleted_order_is_deleted_and_restored_with_it(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    await plant.handle_changes(WorkOrder, order)
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [order])
    for _ in range(2):
        await plant.handle_changes(WorkOrder, order)
        assert await read_timeline(plant) == []
    async with plant.tenant.context("manufacturing") as context:
        await context.write.restore(WorkOrder, [order])
    await plant.handle_changes(WorkOrder, order)
    assert len(await read_timeline(plant)) == 1


async def test_an_order_without_activity_can_be_deleted(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [order])
    await plant.handle_changes(WorkOrder, order)
    assert await read_timeline(plant) == []


async def test_an_error_event_becomes_an_activity(plant: Plant) -> None:
    machine = await plant.create_machine()
    row = {"equipment": ref(machine), "code": "E12", "message": "Too hot", "occurredAt": NOW.isoformat()}
    [event] = await plant.create(ErrorEvent, row)
    await plant.handle_changes(ErrorEvent, event)
    [activity] = await read_timeline(plant)
    assert (activity["kind"], activity["subject"], activity["body"]) == (
        "EQUIPMENT_ERROR",
        "WARNING E12: M-1",
        "Too hot",
    )
    assert activity["attributes"] == {"errorEventId": str(event), "equipmentId": str(machine)}


async def test_a_deleted_account_gets_no_activity(plant: Plant) -> None:
    order = await plant.create_order(await plant.create_machine())
    await plant.execute(
        "mutation($id: ID!) { accountDelete(input: {id: $id}) { status } }", id=str(plant.account)
    )
    await plant.handle_changes(WorkOrder, order)
    assert await plant.execute("{ activities { totalCount } }") == {"activities": {"totalCount": 0}}


async def test_a_rejected_activity_does_not_block_other_changes(plant: Plant) -> None:
    await plant.execute("""mutation { fieldOwnerSet(
        input: {entity: "Activity", field: "body", system: "crm", policy: REJECT}
    ) { userErrors { message } } }""")
    machine = await plant.create_machine()
    row = {"equipment": ref(machine), "code": "E12", "occurredAt": NOW.isoformat()}
    await plant.create(ErrorEvent, row)
    meter = await plant.create_meter(machine)
    await plant.create_readings(meter, (NOW, 100))
    await plant.tenant.deliver_changes()
    assert await read_timeline(plant) == []
    machines = await plant.execute("{ equipments { nodes { runningHours } } }")
    assert machines["equipments"]["nodes"] == [{"runningHours": 100}]
