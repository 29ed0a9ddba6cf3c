"""A breach of the response time is recorded once, and the webhook is notified at least once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.maintenance.sla_breaches import WEBHOOKS, notify_breaches, record_breaches
from tenure_sdk import AddressPolicy, DeliveryRejectedError, sign_webhook_message
from tenure_sdk.testing.webhook_receiver import WebhookReceiver

from ..conftest import DAY, HOUR, NOW, Plant, ref

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDERS = "{ workOrders { nodes { title responseDueAt responseBreachedAt breachNotifiedAt } } }"


async def create_covered_machine(plant: Plant, hours: float | None = 8, **fields: object) -> UUID:
    """Create a machine with a contract that has a response time."""
    row = {
        "account": ref(plant.account),
        "number": "SC-1",
        "startsOn": (NOW - 100 * DAY).date().isoformat(),
        "responseHours": hours,
    }
    [contract] = await plant.create(ServiceContract, row | fields)
    return await plant.create_machine(contract=ref(contract))


async def record(plant: Plant, now: Any = NOW) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await record_breaches(context, now)


async def notify(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        await notify_breaches(context, NOW)


async def read_orders(plant: Plant) -> list[dict[str, Any]]:
    return (await plant.execute(ORDERS))["workOrders"]["nodes"]


def hours_ago(hours: float) -> str:
    return (NOW - hours * HOUR).isoformat()


async def test_a_response_time_beyond_the_limit_is_rejected(plant: Plant) -> None:
    """Otherwise `responseDueAt` overflows, and no list can be ordered by it."""
    row = {"account": ref(plant.account), "number": "SC-1", "startsOn": "2026-01-01", "responseHours": 1e300}
    async with plant.tenant.context("manufacturing") as context:
        [result] = await context.write.create(ServiceContract, [row])
    assert [error.path for error in result.errors] == [("responseHours",)]


async def test_a_breach_is_recorded_once(plant: Plant) -> None:
    await plant.create_order(await create_covered_machine(plant), reportedAt=hours_ago(9))
    await record(plant)
    await record(plant, NOW + HOUR)
    [order] = await read_orders(plant)
    assert order["responseDueAt"] == hours_ago(1)
    assert order["responseBreachedAt"] == NOW.isoformat()


async def test_a_late_response_is_a_breach_and_a_response_in_time_is_not(plant: Plant) -> None:
    machine = await create_covered_machine(plant)
    started = {"status": "IN_PROGRESS", "reportedAt": hours_ago(20)}
    await plant.create_order(machine, title="late", respondedAt=hours_ago(11), **started)
    await plant.create_order(machine, title="in time", respondedAt=hours_ago(13), **started)
    await record(plant)
    assert {order["title"]: bool(order["responseBreachedAt"]) for order in await read_orders(plant)} == {
        "late": True,
        "in time": False,
    }


@pytest.mark.parametrize(
    "fields", [{"status": "ENDED"}, {"responseHours": None}, {"startsOn": (NOW + DAY).date().isoformat()}]
)
async def test_an_order_without_an_agreed_response_time_has_no_breach(
    plant: Plant, fields: dict[str, object]
) -> None:
    await plant.create_order(
        await create_covered_machine(plant, **{"hours": 8, **fields}), reportedAt=hours_ago(90)
    )
    await record(plant)
    [order] = await read_orders(plant)
    assert (order["responseDueAt"], order["responseBreachedAt"]) == (None, None)


async def test_a_completed_order_has_no_breach(plant: Plant) -> None:
    completed = {"status": "COMPLETED", "completedAt": hours_ago(1)}
    await plant.create_order(await create_covered_machine(plant), reportedAt=hours_ago(90), **completed)
    await record(plant)
    assert [order["responseBreachedAt"] for order in await read_orders(plant)] == [None]


async def test_the_webhook_is_notified_once_with_a_signed_message(
    plant: Plant, receiver: WebhookReceiver
) -> None:
    await plant.change_settings(webhookUrl=receiver.url, webhookSecret=SECRET)
    machine = await create_covered_machine(plant)
    order = await plant.create_order(machine, reportedAt=hours_ago(9))
    await record(plant)
    await notify(plant)
    await notify(plant)
    [(_, headers, body)] = receiver.requests
    timestamp, message_id = headers["webhook-timestamp"], headers["webhook-id"]
    assert message_id == f"response_breached_{order}"
    assert headers["webhook-signature"] == sign_webhook_message(SECRET, message_id, timestamp, body)
    assert json.loads(body) == {
        "type": "work_order.response_breached",
        "timestamp": NOW.isoformat(),
        "data": {
            "workOrderId": str(order),
            "title": "Repair",
            "reportedAt": hours_ago(9),
            "responseBreachedAt": NOW.isoformat(),
            "equipmentId": str(machine),
            "serialNumber": "M-1",
            "accountId": str(plant.account),
        },
    }


async def test_a_failed_notification_is_sent_again_with_the_same_id(
    plant: Plant, receiver: WebhookReceiver
) -> None:
    await plant.change_settings(webhookUrl=receiver.url, webhookSecret=SECRET)
    await plant.create_order(await create_covered_machine(plant), reportedAt=hours_ago(9))
    await record(plant)
    receiver.statuses = [500]
    with pytest.raises(DeliveryRejectedError, match="status 500"):
        await notify(plant)
    assert [order["breachNotifiedAt"] for order in await read_orders(plant)] == [None]
    receiver.statuses = [200]
    await plant.tenant.run_job("manufacturing", "breach_notifications")
    first, second = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert first == second
    [order] = await read_orders(plant)
    assert order["breachNotifiedAt"] is not None


async def test_messages_before_a_failed_one_are_not_sent_again(
    plant: Plant, receiver: WebhookReceiver
) -> None:
    await plant.change_settings(webhookUrl=receiver.url, webhookSecret=SECRET)
    machine = await create_covered_machine(plant)
    for _ in range(2):
        await plant.create_order(machine, reportedAt=hours_ago(9))
    await record(plant)
    receiver.statuses = [204, 500]
    await notify(plant)
    assert sorted(bool(order["breachNotifiedAt"]) for order in await read_orders(plant)) == [False, True]
    receiver.statuses = [204]
    await notify(plant)
    first, second, third = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert second == third != first
    assert all(order["breachNotifiedAt"] for order in await read_orders(plant))


async def test_a_url_that_the_operator_no_longer_allows_fails_only_the_notification_job(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plant.change_settings(webhookUrl="http://127.0.0.1:9/", webhookSecret=SECRET)
    await plant.create_order(await create_covered_machine(plant), reportedAt=hours_ago(9))
    monkeypatch.setattr(WEBHOOKS, "_policy", AddressPolicy(setting="PRIVATE_WEBHOOKS"))
    await plant.tenant.run_job("manufacturing", "sla_breaches")
    await plant.tenant.run_job("manufacturing", "preventive_orders")
    with pytest.raises(DeliveryRejectedError, match="PRIVATE_WEBHOOKS"):
        await plant.tenant.run_job("manufacturing", "breach_notifications")
    [order] = await read_orders(plant)
    assert order["responseBreachedAt"] is not None


async def test_without_a_webhook_no_order_is_marked_as_notified(plant: Plant) -> None:
    await plant.create_order(await create_covered_machine(plant), reportedAt=hours_ago(9))
    await record(plant)
    await notify(plant)
    assert [order["breachNotifiedAt"] for order in await read_orders(plant)] == [None]
