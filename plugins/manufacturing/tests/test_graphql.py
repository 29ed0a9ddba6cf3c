"""The pack's own root fields: lists of what is due, whose records the platform plans, and late responses."""

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
async def subscribed(tenant: Tenant, query: str) -> AsyncIterator[Any]:
    """Serve the tenant's Tenure on a socket, subscribe, and lend what receives the next message."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(tenant.tenure.app, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve([listener]))
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"]) as opened:  # type: ignore[list-item]

            async def receive() -> Any:
                async with asyncio.timeout(10):
                    return json.loads(await opened.recv())

            key = tenant.client.headers["authorization"]
            await opened.send(json.dumps({"type": "connection_init", "payload": {"Authorization": key}}))
            assert await receive() == {"type": "connection_ack"}
            payload = {"query": query}
            await opened.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            yield receive
        server.should_exit = True
        await serving


async def plan(plant: Plant, machine: UUID, days: float | None, **fields: object) -> None:
    due = None if days is None else (NOW + days * DAY).isoformat()
    row = {"equipment": ref(machine), "name": "Oil", "everyDays": 90, "countsFrom": NOW.isoformat()}
    await plant.create(MaintenancePlan, row | {"nextDueAt": due} | fields)


async def contract(plant: Plant, number: str, days: int | None, **fields: object) -> None:
    renews = None if days is None else (NOW + days * DAY).date().isoformat()
    row = {"account": ref(plant.account), "number": number, "startsOn": "2020-01-01", "renewsOn": renews}
    await plant.create(ServiceContract, row | fields)


async def test_equipment_is_due_in_the_order_of_its_urgency(plant: Plant) -> None:
    later, soon, overdue, rest = [await plant.machine(f"M-{n}") for n in range(4)]
    await plan(plant, later, 40)
    await plan(plant, soon, 10)
    await plan(plant, soon, 12, name="Filters")
    await plan(plant, overdue, -3)
    await plan(plant, rest, 1, active=False)
    await plan(plant, rest, None)
    found = (await plant.ask(DUE, within=14))["equipmentDueForService"]
    assert [one["serialNumber"] for one in found] == ["M-2", "M-1"]
    assert found[1] == {
        "serialNumber": "M-1",
        "account": {"name": "Rheintal Werkzeugbau"},
        "maintenancePlans": {"nodes": [{"name": "Oil"}, {"name": "Filters"}]},
    }


async def test_contracts_that_end_soon(plant: Plant) -> None:
    await contract(plant, "SC-1", 20)
    await contract(plant, "SC-2", 5)
    await contract(plant, "SC-3", 90)
    await contract(plant, "SC-4", -1)
    await contract(plant, "SC-5", 5, status="ENDED")
    await contract(plant, "SC-6", None)
    found = (await plant.ask(RENEWALS, within=30))["contractsUpForRenewal"]
    assert [one["number"] for one in found] == ["SC-2", "SC-1"]


async def test_days_that_make_no_sense_are_refused(plant: Plant) -> None:
    for within in (-1, 100_000):
        answer = await plant.tenant.ask(DUE, within=within)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_device_gateway_sees_neither(plant: Plant) -> None:
    gateway = await plant.tenant.acting_as("device_gateway")
    for query in (DUE, RENEWALS):
        answer = await gateway.ask(query, within=14)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_tenants_see_their_own(plant: Plant, new_tenant: object) -> None:
    await plan(plant, await plant.machine(), 3)
    other = await new_tenant()  # type: ignore[operator]  # a fixture of the sdk
    assert (await other.ask(DUE, within=14))["data"] == {"equipmentDueForService": []}


async def test_late_responses_are_told_as_they_are_seen(plant: Plant) -> None:
    machine = await plant.machine()
    first, second = await plant.order(machine, title="First"), await plant.order(machine, title="Second")
    async with subscribed(plant.tenant, BREACHES) as receive:
        told = asyncio.create_task(receive())
        while not told.done():
            await plant.update(WorkOrder, first, responseBreachedAt=None, description="Look again")
            await plant.update(WorkOrder, first, responseBreachedAt=NOW.isoformat())
            await asyncio.wait([told], timeout=0.5)
        expected = {"responseBreaches": {"title": "First", "equipment": {"serialNumber": "M-1"}}}
        assert told.result()["payload"]["data"] == expected
        await plant.update(WorkOrder, second, title="Still in time")
        await plant.update(WorkOrder, second, responseBreachedAt=NOW.isoformat())
        answer = await receive()
        while answer["payload"]["data"] == expected:
            answer = await receive()
        assert answer["payload"]["data"]["responseBreaches"]["title"] == "Still in time"
