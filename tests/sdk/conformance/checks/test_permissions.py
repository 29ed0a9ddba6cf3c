"""Permissions: what is answered to those who lack the plugin or a right is found and named."""

from __future__ import annotations

from tenure_sdk.conformance.checks.permissions import READING, WITHOUT_RIGHTS, check_permissions
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData


async def test_what_asks_for_no_permission_is_named(ground: Environment, few: TenantData) -> None:
    found = {(one.where, one.what) async for one in check_permissions(ground, few)}
    assert {(where, what.partition("garage")[0]) for where, what in found} == {
        ("GET /garage-cars/{id}/plate", f"It is answered to {WITHOUT_RIGHTS}."),
        ("POST /scrap/{garage_car_id}", f"It changes data for {WITHOUT_RIGHTS}: "),
        ("POST /scrap/{garage_car_id}", f"It changes data for {READING}: "),
        ("garageOpened", f"It is answered to {WITHOUT_RIGHTS}."),
        ("garageName", f"It is answered to {WITHOUT_RIGHTS}."),
        ("garageRename", f"It changes data for {WITHOUT_RIGHTS}: "),
        ("garageRename", f"It changes data for {READING}: "),
    }
