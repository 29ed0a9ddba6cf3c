"""Timing: how long each stage of a request took, for the Server-Timing header (W3C Server Timing)."""

from __future__ import annotations

import time


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
