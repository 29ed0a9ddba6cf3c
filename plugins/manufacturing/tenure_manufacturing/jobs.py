"""Jobs: what the pack does again and again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tenure_manufacturing.maintenance.preventive_orders import make_due_work
from tenure_manufacturing.maintenance.sla_breaches import note_breaches, tell_breaches
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
    await make_due_work(context, datetime.now(UTC))


async def _responses(context: Context) -> None:
    await note_breaches(context, datetime.now(UTC))


async def _webhook(context: Context) -> None:
    await tell_breaches(context, datetime.now(UTC))
