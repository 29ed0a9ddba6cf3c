"""Activities: the account's history tells of work and errors, once each, as they are."""

from __future__ import annotations

from typing import Any

from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.work_orders import WorkOrder

from ..conftest import HOUR, NOW, Plant, done, ref

HISTORY = """{ accounts { nodes { activities { nodes {
    kind subject body direction outcome occurredAt completedAt durationSeconds attributes
} } } } }"""


async def history(plant: Plant) -> list[dict[str, Any]]:
    [account] = (await plant.ask(HISTORY))["accounts"]["nodes"]
    return account["activities"]["nodes"]


async def test_work_is_told_to_the_account_of_its_machine(plant: Plant) -> None:
    machine = await plant.machine()
    order = await plant.order(machine, **done(labourMinutes=90, resolution="Sealed anew"))
    await plant.deliver(WorkOrder, order)
    [told] = await history(plant)
    assert told == {
        "kind": "MAINTENANCE",
        "subject": "Repair: M-1",
        "body": "Sealed anew",
        "direction": "INBOUND",
        "outcome": "COMPLETED",
        "occurredAt": (NOW + HOUR).isoformat(),
        "completedAt": (NOW + HOUR).isoformat(),
        "durationSeconds": 5_400,
        "attributes": {"workOrderId": str(order), "equipmentId": str(machine)},
    }


async def test_what_is_told_twice_is_told_once(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    await plant.deliver(WorkOrder, order, order)
    before = await plant.ask("{ activities { nodes { id version updatedAt } } }")
    await plant.deliver(WorkOrder, order)
    assert await plant.ask("{ activities { nodes { id version updatedAt } } }") == before
    assert len(await history(plant)) == 1


async def test_what_changes_is_told_anew(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    await plant.deliver(WorkOrder, order)
    await plant.update(WorkOrder, order, title="Exchange the pump")
    await plant.deliver(WorkOrder, order)
    [told] = await history(plant)
    assert told["subject"] == "Exchange the pump: M-1"


async def test_what_is_deleted_is_forgotten_and_what_is_restored_is_told_again(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    await plant.deliver(WorkOrder, order)
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [order])
    for _ in range(2):
        await plant.deliver(WorkOrder, order)
        assert await history(plant) == []
    async with plant.tenant.context("manufacturing") as context:
        await context.write.restore(WorkOrder, [order])
    await plant.deliver(WorkOrder, order)
    assert len(await history(plant)) == 1


async def test_what_was_never_told_can_be_deleted(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(WorkOrder, [order])
    await plant.deliver(WorkOrder, order)
    assert await history(plant) == []


async def test_errors_are_told_too(plant: Plant) -> None:
    machine = await plant.machine()
    row = {"equipment": ref(machine), "code": "E12", "message": "Too hot", "occurredAt": NOW.isoformat()}
    [event] = await plant.create(ErrorEvent, row)
    await plant.deliver(ErrorEvent, event)
    [told] = await history(plant)
    assert (told["kind"], told["subject"], told["body"]) == ("EQUIPMENT_ERROR", "WARNING E12: M-1", "Too hot")
    assert told["attributes"] == {"errorEventId": str(event), "equipmentId": str(machine)}


async def test_an_account_that_is_gone_is_told_nothing(plant: Plant) -> None:
    order = await plant.order(await plant.machine())
    await plant.ask(
        "mutation($id: ID!) { accountDelete(input: {id: $id}) { status } }", id=str(plant.account)
    )
    await plant.deliver(WorkOrder, order)
    assert await plant.ask("{ activities { totalCount } }") == {"activities": {"totalCount": 0}}


async def test_what_another_system_forbids_keeps_nothing_else_from_being_told(plant: Plant) -> None:
    await plant.ask("""mutation { fieldOwnerSet(
        input: {entity: "Activity", field: "body", system: "crm", policy: REJECT}
    ) { userErrors { message } } }""")
    machine = await plant.machine()
    row = {"equipment": ref(machine), "code": "E12", "occurredAt": NOW.isoformat()}
    await plant.create(ErrorEvent, row)
    meter = await plant.meter(machine)
    await plant.read(meter, (NOW, 100))
    await plant.tenant.deliver()
    assert await history(plant) == []
    machines = await plant.ask("{ equipments { nodes { runningHours } } }")
    assert machines["equipments"]["nodes"] == [{"runningHours": 100}]
