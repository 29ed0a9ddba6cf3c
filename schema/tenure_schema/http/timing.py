"""Times the stages of a request for the Server-Timing header (W3C Server Timing), and limits its duration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from tenure_core.errors import RequestTimeoutError

Result = TypeVar("Result")


async def run_with_timeout(work: Awaitable[Result], seconds: float) -> Result:
    """Return the result of an awaitable, and cancel it after the given time.

    Raises:
        RequestTimeoutError: It took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise RequestTimeoutError(
            f"The request took longer than {seconds:g} s.", "Request less data at once."
        ) from None


class Timing:
    """The consecutive stages of one request.

    Example:
        timing.start("plan")
        ...
        timing.start("run")
    """

    __slots__ = ("_stages",)

    def __init__(self) -> None:
        self._stages: list[tuple[str, float]] = []

    def start(self, stage: str) -> None:
        """Start a stage and end the one before."""
        self._stages.append((stage, time.perf_counter()))

    def header(self) -> str:
        """Return the value of the header, with durations in milliseconds; the last stage ends now."""
        ends = [*(start for _, start in self._stages[1:]), time.perf_counter()]
        stages = zip(self._stages, ends, strict=False)
        return ", ".join([f"{stage};dur={(end - start) * 1000:.2f}" for (stage, start), end in stages])
