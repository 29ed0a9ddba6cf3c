"""Operations, routes and jobs that fail or cannot be generated are reported."""

from __future__ import annotations

from tenure_sdk.conformance.checks.execution import check_execution
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_each_failure_is_reported(environment: Environment, few: TenantData) -> None:
    findings = check_execution(environment, few)
    messages = {finding.where: finding.message async for finding in findings}
    assert messages.keys() == {
        "garageCarWash", "garageCarPaint", "garageCarPark", "garageClosed", "POST /weigh",
        "Owner.carsPainted", "job sweep",
    }  # fmt: skip
    assert "garageCarWash" in messages["garageCarWash"]
    assert "the plugin garage failed" in messages["garageClosed"]
    assert "the input is rejected: REJECTED No space is available." in messages["garageCarPark"]
    assert "it requires arguments" in messages["Owner.carsPainted"]
    assert "LookupError: no broom" in messages["job sweep"]
    assert "400" in messages["POST /weigh"]
    assert "there is no sample value of the type Time for at" in messages["garageCarPaint"]
