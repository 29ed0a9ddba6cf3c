"""Requests that succeed without the plugin or without a permission are reported."""

from __future__ import annotations

from tenure_sdk.conformance.checks.permissions import READ_ONLY, WITHOUT_PERMISSIONS, check_permissions
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_requests_that_check_no_permission_are_reported(
    environment: Environment, few: TenantData
) -> None:
    findings = {(finding.where, finding.message) async for finding in check_permissions(environment, few)}
    assert {(where, message.split(": ")[0]) for where, message in findings} == {
        ("GET /garage-cars/{id}/plate", f"It returns data to {WITHOUT_PERMISSIONS}."),
        ("POST /scrap/{garage_car_id}", f"It changes data for {WITHOUT_PERMISSIONS}"),
        ("POST /scrap/{garage_car_id}", f"It changes data for {READ_ONLY}"),
        ("garageOpened", f"It returns data to {WITHOUT_PERMISSIONS}."),
        ("garageName", f"It returns data to {WITHOUT_PERMISSIONS}."),
        ("garageRename", f"It changes data for {WITHOUT_PERMISSIONS}"),
        ("garageRename", f"It changes data for {READ_ONLY}"),
    }
