"""Answering: what fails, or can't be asked without help, is named."""

from __future__ import annotations

from tenure_sdk.conformance.checks.execution import check_execution
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_what_is_not_answered_is_named(ground: Environment, few: TenantData) -> None:
    found = {one.where: one.what async for one in check_execution(ground, few)}
    assert found.keys() == {
        "garageCarWash", "garageCarPaint", "garageCarPark", "garageClosed", "POST /weigh",
        "Owner.carsPainted", "job sweep",
    }  # fmt: skip
    assert "garageCarWash" in found["garageCarWash"]
    assert "the plugin garage failed" in found["garageClosed"]
    assert "it is refused: REFUSED All is full." in found["garageCarPark"]
    assert "it wants arguments" in found["Owner.carsPainted"]
    assert "LookupError: no broom" in found["job sweep"]
    assert "400" in found["POST /weigh"]
    assert "no value of the type Time can be made up for at" in found["garageCarPaint"]
