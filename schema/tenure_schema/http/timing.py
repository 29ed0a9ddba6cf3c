"""Timing: how long each stage of a request took, for the Server-Timing header (W3C Server Timing)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from tenure_core.errors import RequestTimeoutError

Result = TypeVar("Result")


async def in_time(work: Awaitable[Result], seconds: float) -> Result:
    """Return what comes of some work, which is given up after so many seconds.

    Raises:
        RequestTimeoutError: It took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise RequestTimeoutError(
            f"The request took longer than {seconds:g} s.", "Ask for less at once."
        ) from None


class Timing:
    """The stages of one request, in order.

    Example:
        with timing.stage("plan"): ...
    """

    def __init__(self) -> None:
        self._stages: list[Stage] = []

    def stage(self, name: str) -> Stage:
        """Return the measure of a stage, which lasts as long as the `with` block around it."""
        stage = Stage(name)
        self._stages.append(stage)
        return stage

    def header(self) -> str:
        """Return the header's value."""
        return ", ".join([f"{stage.name};dur={stage.milliseconds:.2f}" for stage in self._stages])


class Stage:
    """One stage, measured also where it fails.

    A class and not a generator with `contextmanager`, which takes three times as long: each request has many.

    Args:
        name: What is done in it.
    """

    __slots__ = ("_started", "milliseconds", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.milliseconds = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.milliseconds = (time.perf_counter() - self._started) * 1000
