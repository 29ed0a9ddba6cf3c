"""The scheduled jobs of the pack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tenure_manufacturing.maintenance.preventive_orders import create_due_orders
from tenure_manufacturing.maintenance.sla_breaches import notify_breaches, record_breaches
from tenure_sdk import Context, Job


async def _create_due_orders(context: Context) -> None:
    await create_due_orders(context, datetime.now(UTC))


async def _record_breaches(context: Context) -> None:
    await record_breaches(context, datetime.now(UTC))


async def _notify_breaches(context: Context) -> None:
    await notify_breaches(context, datetime.now(UTC))


JOBS = (
    Job(
        name="preventive_orders",
        doc="Updates the due times of maintenance plans and creates work orders for plans that are due soon.",
        run=_create_due_orders,
        every=timedelta(hours=1),
    ),
    Job(
        name="sla_breaches",
        doc="Records breaches of the agreed response time.",
        run=_record_breaches,
        every=timedelta(minutes=5),
    ),
    Job(
        name="breach_notifications",
        doc="Notifies the tenant's webhook of breaches of the agreed response time.",
        run=_notify_breaches,
        every=timedelta(minutes=1),
    ),
)
