"""Responses: one that is late is seen once, and told to the webhook at least once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from tenure_manufacturing.contracts import ServiceContract
from tenure_manufacturing.responses import watch_responses
from tenure_manufacturing.webhooks import signature

from .conftest import DAY, HOUR, NOW, Plant, ref

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDERS = "{ workOrders { nodes { title respondBy responseBreachedAt breachToldAt } } }"


class Receiver(ThreadingHTTPServer):
    """A receiver of webhooks, which keeps what it is sent and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = 204
        self.received: list[tuple[Any, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.headers, body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def covered(plant: Plant, hours: float | None = 8, **fields: object) -> UUID:
    """Put up a machine with a contract that promises a response within some hours."""
    row = {
        "account": ref(plant.account),
        "number": "SC-1",
        "startsOn": (NOW - 100 * DAY).date().isoformat(),
        "responseHours": hours,
    }
    [contract] = await plant.create(ServiceContract, row | fields)
    return await plant.machine(contract=ref(contract))


async def watch(plant: Plant, now: Any = NOW) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await watch_responses(context, now)


async def orders(plant: Plant) -> list[dict[str, Any]]:
    return (await plant.ask(ORDERS))["workOrders"]["nodes"]


def ago(hours: float) -> str:
    return (NOW - hours * HOUR).isoformat()


async def test_a_promise_that_no_calendar_holds_is_refused(plant: Plant) -> None:
    """Nobody's work orders could be listed by when we must respond."""
    row = {"account": ref(plant.account), "number": "SC-1", "startsOn": "2026-01-01", "responseHours": 1e300}
    async with plant.tenant.context("manufacturing") as context:
        [result] = await context.write.create(ServiceContract, [row])
    assert [error.path for error in result.errors] == [("responseHours",)]


async def test_a_late_response_is_seen_once(plant: Plant) -> None:
    await plant.order(await covered(plant), reportedAt=ago(9))
    await watch(plant)
    await watch(plant, NOW + HOUR)
    [order] = await orders(plant)
    assert order["respondBy"] == ago(1)
    assert order["responseBreachedAt"] == NOW.isoformat()


async def test_who_responds_too_late_is_seen_and_who_responds_in_time_is_not(plant: Plant) -> None:
    machine = await covered(plant)
    begun = {"status": "IN_PROGRESS", "reportedAt": ago(20)}
    await plant.order(machine, title="late", respondedAt=ago(11), **begun)
    await plant.order(machine, title="in time", respondedAt=ago(13), **begun)
    await watch(plant)
    assert {order["title"]: bool(order["responseBreachedAt"]) for order in await orders(plant)} == {
        "late": True,
        "in time": False,
    }


@pytest.mark.parametrize(
    "fields", [{"status": "ENDED"}, {"responseHours": None}, {"startsOn": (NOW + DAY).date().isoformat()}]
)
async def test_without_a_promise_nothing_is_late(plant: Plant, fields: dict[str, object]) -> None:
    await plant.order(await covered(plant, **{"hours": 8, **fields}), reportedAt=ago(90))
    await watch(plant)
    [order] = await orders(plant)
    assert (order["respondBy"], order["responseBreachedAt"]) == (None, None)


async def test_history_alarms_nobody(plant: Plant) -> None:
    done = {"status": "COMPLETED", "completedAt": ago(1)}
    await plant.order(await covered(plant), reportedAt=ago(90), **done)
    await watch(plant)
    assert [order["responseBreachedAt"] for order in await orders(plant)] == [None]


async def test_the_webhook_is_told_once_and_signed(plant: Plant, receiver: Receiver) -> None:
    await plant.set(webhookUrl=receiver.url, webhookSecret=SECRET)
    machine = await covered(plant)
    order = await plant.order(machine, reportedAt=ago(9))
    await watch(plant)
    await watch(plant)
    [(headers, body)] = receiver.received
    stamp, message_id = headers["webhook-timestamp"], headers["webhook-id"]
    assert message_id == f"response_breached_{order}"
    assert headers["webhook-signature"] == signature(SECRET, message_id, stamp, body)
    assert json.loads(body) == {
        "type": "work_order.response_breached",
        "timestamp": NOW.isoformat(),
        "data": {
            "workOrderId": str(order),
            "title": "Repair",
            "reportedAt": ago(9),
            "responseBreachedAt": NOW.isoformat(),
            "equipmentId": str(machine),
            "serialNumber": "M-1",
            "accountId": str(plant.account),
        },
    }


async def test_a_webhook_that_fails_is_told_later_and_nothing_else_suffers(
    plant: Plant, receiver: Receiver
) -> None:
    await plant.set(webhookUrl=receiver.url, webhookSecret=SECRET)
    await plant.order(await covered(plant), reportedAt=ago(9))
    receiver.answer = 500
    await watch(plant)
    [order] = await orders(plant)
    assert order["responseBreachedAt"] == NOW.isoformat()
    assert order["breachToldAt"] is None
    receiver.answer = 200
    await plant.tenant.run_job("manufacturing", "responses")
    assert [headers["webhook-id"] for headers, _ in receiver.received] == [
        receiver.received[0][0]["webhook-id"]
    ] * 2
    [order] = await orders(plant)
    assert order["breachToldAt"] is not None


async def test_without_a_webhook_nobody_is_told(plant: Plant) -> None:
    await plant.order(await covered(plant), reportedAt=ago(9))
    await watch(plant)
    assert [order["breachToldAt"] for order in await orders(plant)] == [None]
