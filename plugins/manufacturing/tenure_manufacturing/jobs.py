"""Jobs: what the pack does again and again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tenure_manufacturing.due_work import make_due_work
from tenure_manufacturing.responses import watch_responses
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
        doc="Sees where a promised response is late, and tells the webhook.",
        run=_responses,
        every=timedelta(minutes=5),
    )


async def _due_work(context: Context) -> None:
    await make_due_work(context, datetime.now(UTC))


async def _responses(context: Context) -> None:
    await watch_responses(context, datetime.now(UTC))
