"""Responses: one that is late is seen once, and told to the webhook at least once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.maintenance.sla_breaches import notify_breaches, record_breaches
from tenure_manufacturing.webhooks import WEBHOOKS, DeliveryRejectedError, signature

from ..conftest import DAY, HOUR, NOW, Plant, ref
from ..listening import Listener

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDERS = "{ workOrders { nodes { title respondBy responseBreachedAt breachToldAt } } }"


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
        await record_breaches(context, now)


async def tell(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await notify_breaches(context, NOW)


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


async def test_the_webhook_is_told_once_and_signed(plant: Plant, listener: Listener) -> None:
    await plant.set(webhookUrl=listener.url, webhookSecret=SECRET)
    machine = await covered(plant)
    order = await plant.order(machine, reportedAt=ago(9))
    await watch(plant)
    await tell(plant)
    await tell(plant)
    [(_, headers, body)] = listener.received
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


async def test_a_webhook_that_fails_is_told_later(plant: Plant, listener: Listener) -> None:
    await plant.set(webhookUrl=listener.url, webhookSecret=SECRET)
    await plant.order(await covered(plant), reportedAt=ago(9))
    await watch(plant)
    listener.answers = [500]
    with pytest.raises(DeliveryRejectedError, match="status 500"):
        await tell(plant)
    assert [order["breachToldAt"] for order in await orders(plant)] == [None]
    listener.answers = [200]
    await plant.tenant.run_job("manufacturing", "webhook")
    first, second = [headers["webhook-id"] for _, headers, _ in listener.received]
    assert first == second
    [order] = await orders(plant)
    assert order["breachToldAt"] is not None


async def test_where_it_fails_later_those_that_were_told_stay_so(plant: Plant, listener: Listener) -> None:
    await plant.set(webhookUrl=listener.url, webhookSecret=SECRET)
    machine = await covered(plant)
    for _ in range(2):
        await plant.order(machine, reportedAt=ago(9))
    await watch(plant)
    listener.answers = [204, 500]
    await tell(plant)
    assert sorted(bool(order["breachToldAt"]) for order in await orders(plant)) == [False, True]
    listener.answers = [204]
    await tell(plant)
    first, second, again = [headers["webhook-id"] for _, headers, _ in listener.received]
    assert second == again != first
    assert all(order["breachToldAt"] for order in await orders(plant))


async def test_a_webhook_that_the_operator_has_come_to_forbid_is_seen_by_the_tenant_and_stops_no_other_job(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant.set(webhookUrl="http://127.0.0.1:9/", webhookSecret=SECRET)
    await plant.order(await covered(plant), reportedAt=ago(9))
    monkeypatch.setattr(WEBHOOKS, "_private_allowed", False)
    await plant.tenant.run_job("manufacturing", "responses")
    await plant.tenant.run_job("manufacturing", "due_work")
    with pytest.raises(DeliveryRejectedError, match="PRIVATE_WEBHOOKS"):
        await plant.tenant.run_job("manufacturing", "webhook")
    [order] = await orders(plant)
    assert order["responseBreachedAt"] is not None


async def test_without_a_webhook_nobody_is_told(plant: Plant) -> None:
    await plant.order(await covered(plant), reportedAt=ago(9))
    await watch(plant)
    await tell(plant)
    assert [order["breachToldAt"] for order in await orders(plant)] == [None]
