"""The Server-Timing header contains the duration of each stage; a request is cancelled after its timeout."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from tenure_core.errors import RequestTimeoutError
from tenure_schema.http.timing import Timing, run_with_timeout


def read_durations(header: str) -> dict[str, float]:
    return {stage: float(duration) for stage, duration in re.findall(r"(\w+);dur=([\d.]+)", header)}


def test_a_stage_ends_when_the_next_one_starts() -> None:
    timing = Timing()
    timing.start("read")
    time.sleep(0.02)
    timing.start("run")
    durations = read_durations(timing.header())
    assert list(durations) == ["read", "run"]
    assert durations["read"] >= 20 > durations["run"]


def test_without_stages_the_header_is_empty() -> None:
    assert Timing().header() == ""


async def test_work_within_the_timeout_returns_its_result() -> None:
    assert await run_with_timeout(asyncio.sleep(0, "result"), 5) == "result"


async def test_work_is_cancelled_after_the_timeout() -> None:
    is_cancelled = False

    async def work() -> None:
        nonlocal is_cancelled
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    with pytest.raises(RequestTimeoutError, match=r"longer than 0\.01 s"):
        await run_with_timeout(work(), 0.01)
    assert is_cancelled
