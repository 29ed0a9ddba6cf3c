"""The root fields of the pack: lists of due equipment and contracts, and the stream of SLA breaches."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import uvicorn
from websockets.asyncio.client import connect

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder

from .conftest import DAY, NOW, Plant, ref

if TYPE_CHECKING:
    from tenure_sdk.testing import Tenant

DUE = """query($within: Int!) { equipmentDueForService(within: $within) {
    serialNumber account { name } maintenancePlans { nodes { name } }
} }"""
RENEWALS = "query($within: Int!) { contractsUpForRenewal(within: $within) { number account { name } } }"
BREACHES = "subscription { responseBreaches { title equipment { serialNumber } } }"


@asynccontextmanager
async def subscribe(tenant: Tenant, query: str) -> AsyncIterator[Any]:
    """Serve the application on a socket, subscribe, and yield a function that receives the next message."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(tenant.tenure.app, lifespan="off", log_config=None))
        task = asyncio.create_task(server.serve([listener]))
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"]) as connection:  # type: ignore[list-item]

            async def receive() -> Any:
                async with asyncio.timeout(10):
                    return json.loads(await connection.recv())

            key = tenant.client.headers["authorization"]
            await connection.send(json.dumps({"type": "connection_init", "payload": {"Authorization": key}}))
            assert await receive() == {"type": "connection_ack"}
            payload = {"query": query}
            await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            yield receive
        server.should_exit = True
        await task


async def create_plan(plant: Plant, machine: UUID, days: float | None, **fields: object) -> None:
    due = None if days is None else (NOW + days * DAY).isoformat()
    row = {
        "equipment": ref(machine),
        "name": "Oil",
        "intervalDays": 90,
        "intervalStartedAt": NOW.isoformat(),
        "nextDueAt": due,
    }
    await plant.create(MaintenancePlan, row | fields)


async def create_contract(plant: Plant, number: str, days: int | None, **fields: object) -> None:
    renews = None if days is None else (NOW + days * DAY).date().isoformat()
    row = {"account": ref(plant.account), "number": number, "startsOn": "2020-01-01", "renewsOn": renews}
    await plant.create(ServiceContract, row | fields)


async def test_due_equipment_is_listed_most_urgent_first(plant: Plant) -> None:
    later, soon, overdue, not_due = [await plant.create_machine(f"M-{n}") for n in range(4)]
    await create_plan(plant, later, 40)
    await create_plan(plant, soon, 10)
    await create_plan(plant, soon, 12, name="Filters")
    await create_plan(plant, overdue, -3)
    await create_plan(plant, not_due, 1, active=False)
    await create_plan(plant, not_due, None)
    machines = (await plant.execute(DUE, within=14))["equipmentDueForService"]
    assert [machine["serialNumber"] for machine in machines] == ["M-2", "M-1"]
    assert machines[1] == {
        "serialNumber": "M-1",
        "account": {"name": "Rheintal Werkzeugbau"},
        "maintenancePlans": {"nodes": [{"name": "Oil"}, {"name": "Filters"}]},
    }


async def test_active_contracts_that_end_soon_are_listed(plant: Plant) -> None:
    await create_contract(plant, "SC-1", 20)
    await create_contract(plant, "SC-2", 5)
    await create_contract(plant, "SC-3", 90)
    await create_contract(plant, "SC-4", -1)
    await create_contract(plant, "SC-5", 5, status="ENDED")
    await create_contract(plant, "SC-6", None)
    contracts = (await plant.execute(RENEWALS, within=30))["contractsUpForRenewal"]
    assert [contract["number"] for contract in contracts] == ["SC-2", "SC-1"]


async def test_a_number_of_days_out_of_range_is_rejected(plant: Plant) -> None:
    for within in (-1, 100_000):
        response = await plant.tenant.execute(DUE, within=within)
        assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_device_gateway_may_read_neither_list(plant: Plant) -> None:
    gateway = await plant.tenant.with_role("device_gateway")
    for query in (DUE, RENEWALS):
        response = await gateway.execute(query, within=14)
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_tenant_sees_only_its_own_equipment(plant: Plant, create_tenant: object) -> None:
    await create_plan(plant, await plant.create_machine(), 3)
    other = await create_tenant()  # type: ignore[operator]  # a fixture of the SDK
    assert (await other.execute(DUE, within=14))["data"] == {"equipmentDueForService": []}


async def test_breaches_are_streamed_when_they_are_recorded(plant: Plant) -> None:
    machine = await plant.create_machine()
    first = await plant.create_order(machine, title="First")
    second = await plant.create_order(machine, title="Second")
    async with subscribe(plant.tenant, BREACHES) as receive:
        message = asyncio.create_task(receive())
        while not message.done():  # The subscription starts at an unknown time after the request.
            await plant.update(WorkOrder, first, responseBreachedAt=None, description="No breach")
            await plant.update(WorkOrder, first, responseBreachedAt=NOW.isoformat())
            await asyncio.wait([message], timeout=0.5)
        expected = {"responseBreaches": {"title": "First", "equipment": {"serialNumber": "M-1"}}}
        assert message.result()["payload"]["data"] == expected
        await plant.update(WorkOrder, second, title="No breach yet")
        await plant.update(WorkOrder, second, responseBreachedAt=NOW.isoformat())
        event = await receive()
        while event["payload"]["data"] == expected:
            event = await receive()
        assert event["payload"]["data"]["responseBreaches"]["title"] == "No breach yet"
