"""Requests whose number of statements grows with the number of rows are reported, down to the field."""

from __future__ import annotations

from tenure_sdk.conformance.checks.statement_count import check_statement_count
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_fields_that_execute_a_statement_per_row_are_reported(
    environment: Environment, few: TenantData, many: TenantData
) -> None:
    findings = [finding async for finding in check_statement_count(environment, few, many)]
    assert {finding.where for finding in findings} == {
        "garageCars.slowTitle", "garages.cars", "garageOwners.accountName", "GET /plates/slow",
    }  # fmt: skip
