"""Background tasks run until they are cancelled, without the context variables of their caller."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from tenure_core.postgres.tasks import run_task, start_task

REQUEST = ContextVar("REQUEST", default="none")


async def test_a_task_runs_while_its_context_is_open() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async with run_task(tick()):
        await asyncio.sleep(0.05)
    assert ticks > 1
    count = ticks
    await asyncio.sleep(0.02)
    assert ticks == count


async def test_a_task_is_cancelled_after_an_error_in_its_context() -> None:
    cancelled = False

    async def wait() -> None:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled = True
            raise

    async def fail() -> None:
        async with run_task(wait()):
            await asyncio.sleep(0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert cancelled


async def test_a_task_does_not_inherit_context_variables() -> None:
    requests: list[str] = []

    async def record() -> None:
        requests.append(REQUEST.get())

    REQUEST.set("a request")
    await start_task(record())
    assert requests == ["none"]
