"""Jobs: what the pack does again and again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tenure_manufacturing.maintenance.preventive_orders import create_due_orders
from tenure_manufacturing.maintenance.sla_breaches import notify_breaches, record_breaches
from tenure_sdk import Context, Job


def jobs() -> Iterator[Job]:
    """Yield the jobs."""
    yield Job(
        name="due_work",
        doc="Foresees when plans are due, and makes their work orders ahead of time.",
        run=_due_work,
        every=timedelta(hours=1),
    )
    yield Job(
        name="responses",
        doc="Sees where a promised response is late.",
        run=_responses,
        every=timedelta(minutes=5),
    )
    yield Job(
        name="webhook",
        doc="Tells the webhook of late responses.",
        run=_webhook,
        every=timedelta(minutes=1),
    )


async def _due_work(context: Context) -> None:
    await create_due_orders(context, datetime.now(UTC))


async def _responses(context: Context) -> None:
    await record_breaches(context, datetime.now(UTC))


async def _webhook(context: Context) -> None:
    await notify_breaches(context, datetime.now(UTC))
