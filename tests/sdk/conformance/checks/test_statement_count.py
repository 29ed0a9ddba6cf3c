"""Counting statements: what takes more of them for more rows is found and named, down to the field."""

from __future__ import annotations

from tenure_sdk.conformance.checks.statement_count import growing
from tenure_sdk.conformance.fixtures.environment import Ground, Holding


async def test_fields_that_read_row_by_row_are_named(ground: Ground, few: Holding, many: Holding) -> None:
    found = {one.where: one.what async for one in growing(ground, few, many)}
    assert found.keys() == {
        "garageCars.slowTitle", "garages.cars", "garageOwners.accountName", "GET /plates/slow",
    }  # fmt: skip
