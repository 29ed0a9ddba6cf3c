"""Replaying changes: what grows with each telling, or never ends, is found and named."""

from __future__ import annotations

from tenure_sdk.conformance.checks.change_idempotency import check_idempotency
from tenure_sdk.conformance.fixtures.environment import Environment


async def test_rows_that_double_are_named(ground: Environment) -> None:
    [found] = [one async for one in check_idempotency(ground)]
    assert found.where == "on_change"
    assert "makes more of them: garage_car has 2 rows more" in found.what
