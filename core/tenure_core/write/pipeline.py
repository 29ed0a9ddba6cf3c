"""Runs the steps of a write operation. Each operation lists its steps in a tuple."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from tenure_core.write.context import EntityWriteContext
from tenure_core.write.rows.pending_row import AnyRow

Step = Callable[[EntityWriteContext, list[AnyRow]], Awaitable[list[AnyRow]]]
"""A step of a write operation: it processes rows and returns those that continue with the next step.

A row that does not continue has errors, or its status is final.
"""


async def run_steps(
    context: EntityWriteContext, rows: list[AnyRow], steps: Iterable[Step[AnyRow]]
) -> list[AnyRow]:
    """Run steps in order, and return the rows that passed all of them."""
    for step in steps:
        rows = await step(context, rows)
    return rows
