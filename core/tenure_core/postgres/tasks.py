"""Background tasks: asyncio tasks that run until they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Any


def start_task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start a task that outlives its caller: it does not inherit the caller's context variables."""
    return asyncio.create_task(work, context=Context())


async def cancel_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def run_task(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a task while the context is open."""
    task = start_task(work)
    try:
        yield
    finally:
        await cancel_task(task)
