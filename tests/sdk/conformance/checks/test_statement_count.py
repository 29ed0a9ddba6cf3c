"""Counting statements: what takes more of them for more rows is found and named, down to the field."""

from __future__ import annotations

from tenure_sdk.conformance.checks.statement_count import check_statement_count
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_fields_that_read_row_by_row_are_named(
    ground: Environment, few: TenantData, many: TenantData
) -> None:
    found = {one.where: one.what async for one in check_statement_count(ground, few, many)}
    assert found.keys() == {
        "garageCars.slowTitle", "garages.cars", "garageOwners.accountName", "GET /plates/slow",
    }  # fmt: skip
