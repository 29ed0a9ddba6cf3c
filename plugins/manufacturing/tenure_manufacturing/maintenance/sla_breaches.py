"""Responses: sees where a promised response came too late, once for each work order, and tells of it.

What is seen does not hang on whether it can be told: these are two jobs, and what ails the webhook stands in
the tenant's `plugins { problems }` while the other goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, text, update

from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.metrics.computed_columns import respond_by
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_manufacturing.settings import ManufacturingSettings, settings_of
from tenure_manufacturing.webhooks import WEBHOOKS, DeliveryRejectedError, Receiver
from tenure_sdk import Context

AT_ONCE = 20
"""How many late responses are told of in one run: the transaction is open as long."""

UNTOLD = text("""
    SELECT work_order.id, work_order.title, work_order.reported_at, work_order.response_breached_at,
        equipment.id AS equipment_id, equipment.serial_number, equipment.account_id
    FROM work_order
    JOIN equipment ON equipment.tenant_id = work_order.tenant_id AND equipment.id = work_order.equipment_id
    WHERE work_order.tenant_id = :tenant AND work_order.response_breached_at IS NOT NULL
        AND work_order.breach_told_at IS NULL AND work_order.deleted_at IS NULL
    ORDER BY work_order.response_breached_at, work_order.id
    LIMIT :most
""")

NOTE_TOLD = text("""
    UPDATE work_order SET breach_told_at = :now
    WHERE tenant_id = :tenant AND id = ANY (CAST(:ids AS uuid[]))
""")


async def record_breaches(context: Context, now: datetime) -> None:
    """Note each work order whose promised response is late.

    Only unfinished work counts: history that is brought in later alarms nobody.

    Args:
        context: Where to read and write.
        now: The present.
    """
    orders = WorkOrder.__table__
    late = (
        update(WorkOrder)
        .where(
            orders.c.tenant_id == context.actor.tenant_id,
            orders.c.status.in_(UNFINISHED),
            orders.c.response_breached_at.is_(None),
            orders.c.deleted_at.is_(None),
            respond_by(orders) < func.coalesce(orders.c.responded_at, now),
        )
        .values(response_breached_at=now)
        .execution_options(synchronize_session=False)
    )
    await context.session.execute(late)


async def notify_breaches(context: Context, now: datetime) -> None:
    """Tell the tenant's webhook of the breaches that were noted, if there is one.

    Args:
        context: Where to read and write.
        now: The present.

    Raises:
        NotTakenError: It did not take the first; where it does not take a later one, the next run goes on.
    """
    receiver = _receiver(await settings_of(context))
    if receiver is None:
        return
    asked = {"tenant": context.actor.tenant_id, "most": AT_ONCE}
    told: list[UUID] = []
    for order in (await context.session.execute(UNTOLD, asked)).all():
        try:
            await WEBHOOKS.send(receiver, f"response_breached_{order.id}", now, _message(order, now))
        except DeliveryRejectedError:
            if told:
                break
            raise
        told.append(order.id)
    await context.session.execute(NOTE_TOLD, {"tenant": context.actor.tenant_id, "now": now, "ids": told})


def _receiver(settings: ManufacturingSettings) -> Receiver | None:
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    return Receiver(str(settings.webhook_url), settings.webhook_secret.get_secret_value())


def _message(order: Row[Any], now: datetime) -> dict[str, object]:
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
