"""Records breaches of the agreed response time, and notifies the tenant's webhook of them.

Two jobs do this, so that breaches are recorded even if the webhook fails. The error of a failed webhook is
shown in the tenant's `plugins { problems }`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, text, update

from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.metrics.computed_columns import response_due_at
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_manufacturing.settings import ManufacturingSettings, load_settings
from tenure_sdk import Context, DeliveryRejectedError, WebhookClient, WebhookEndpoint

WEBHOOKS = WebhookClient()
"""The webhook client of the process, opened at startup."""

BATCH_SIZE = 20
"""The number of messages that are sent in one run, because the transaction stays open for its duration."""

UNNOTIFIED_BREACHES = text("""
    SELECT work_order.id, work_order.title, work_order.reported_at, work_order.response_breached_at,
        equipment.id AS equipment_id, equipment.serial_number, equipment.account_id
    FROM work_order
    JOIN equipment ON equipment.tenant_id = work_order.tenant_id AND equipment.id = work_order.equipment_id
    WHERE work_order.tenant_id = :tenant AND work_order.response_breached_at IS NOT NULL
        AND work_order.breach_notified_at IS NULL AND work_order.deleted_at IS NULL
    ORDER BY work_order.response_breached_at, work_order.id
    LIMIT :limit
""")

MARK_NOTIFIED = text("""
    UPDATE work_order SET breach_notified_at = :now
    WHERE tenant_id = :tenant AND id = ANY (CAST(:ids AS uuid[]))
""")


async def record_breaches(context: Context, now: datetime) -> None:
    """Set `response_breached_at` of the work orders whose response is late.

    Only unfinished work orders are considered, so that the import of old work orders records no breaches.

    Args:
        context: The context of the tenant.
        now: The current time.
    """
    orders = WorkOrder.__table__
    statement = (
        update(WorkOrder)
        .where(
            orders.c.tenant_id == context.actor.tenant_id,
            orders.c.status.in_(UNFINISHED),
            orders.c.response_breached_at.is_(None),
            orders.c.deleted_at.is_(None),
            response_due_at(orders) < func.coalesce(orders.c.responded_at, now),
        )
        .values(response_breached_at=now)
        .execution_options(synchronize_session=False)
    )
    await context.session.execute(statement)


async def notify_breaches(context: Context, now: datetime) -> None:
    """Send the recorded breaches to the tenant's webhook, if the tenant has set one.

    Args:
        context: The context of the tenant.
        now: The current time.

    Raises:
        DeliveryRejectedError: The first message was rejected. If a later message is rejected, the messages
            before it are marked as sent, and the next run sends the others.
    """
    endpoint = _create_endpoint(await load_settings(context))
    if endpoint is None:
        return
    binds = {"tenant": context.actor.tenant_id, "limit": BATCH_SIZE}
    sent: list[UUID] = []
    for order in (await context.session.execute(UNNOTIFIED_BREACHES, binds)).all():
        try:
            await WEBHOOKS.send(endpoint, f"response_breached_{order.id}", now, _build_message(order, now))
        except DeliveryRejectedError:
            if sent:
                break
            raise
        sent.append(order.id)
    await context.session.execute(MARK_NOTIFIED, {"tenant": context.actor.tenant_id, "now": now, "ids": sent})


def _create_endpoint(settings: ManufacturingSettings) -> WebhookEndpoint | None:
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    return WebhookEndpoint(str(settings.webhook_url), settings.webhook_secret.get_secret_value())


def _build_message(order: Row[Any], now: datetime) -> dict[str, object]:
    return {
        "type": "work_order.response_breached",
        "timestamp": now.isoformat(),
        "data": {
            "workOrderId": str(order.id),
            "title": order.title,
            "reportedAt": order.reported_at.isoformat(),
            "responseBreachedAt": order.response_breached_at.isoformat(),
            "equipmentId": str(order.equipment_id),
            "serialNumber": order.serial_number,
            "accountId": str(order.account_id),
        },
    }
