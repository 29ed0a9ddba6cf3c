"""Crossing tenants: what shows, sums up or changes another tenant's data is found and named."""

from __future__ import annotations

import pytest
from tests.sdk.conformance.garage_plugin import drive_all, garage, job

from tenure_sdk.conformance.checks.tenant_isolation import LAST_BELT, check_isolation
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData, run_environment
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


@pytest.fixture(scope="module")
async def found(ground: Environment, few: TenantData, many: TenantData) -> dict[str, str]:
    return {one.where: one.what async for one in check_isolation(ground, few, many)}


def test_what_is_kept_between_requests_is_named(found: dict[str, str]) -> None:
    assert found.pop("firstPlates") == "It shows data of another tenant."


def test_statements_that_do_not_name_the_tenant_are_named(found: dict[str, str]) -> None:
    assert found.pop("garage.carsOfAll").startswith(LAST_BELT)
    assert "asked for by its id" in found.pop("garageName")
    assert "changes data of another tenant: garage.name differs in 1 of 6 rows" in found.pop("garageRename")


def test_routes_that_do_not_name_the_tenant_are_named(found: dict[str, str]) -> None:
    assert "asked for by its id" in found.pop("GET /garage-cars/{id}/plate")
    assert "changes data of another tenant: garage_car.mileage" in found.pop("POST /scrap/{garage_car_id}")


def test_mutations_that_show_what_they_do_not_change_are_named(found: dict[str, str]) -> None:
    assert "asked for by its id" in found.pop("garageCarInspect")


def test_subscriptions_that_tell_of_others_are_named(found: dict[str, str]) -> None:
    assert found.pop("garageOpened") == f"{LAST_BELT} It tells of what happens at another tenant."


def test_nothing_else_is_named(found: dict[str, str]) -> None:
    assert found == {}


async def test_jobs_that_change_what_is_another_tenants_are_named(server_url: str) -> None:
    company = load_plugin_set(garage(register_jobs=lambda: [job(drive_all)]), [])
    async with run_environment(server_url, company.loaded, (), company.additions) as ground:
        few, many = await ground.tenant_data(2), await ground.tenant_data(6)
        found = {one.where: one.what async for one in check_isolation(ground, few, many)}
    wanted = f"{LAST_BELT} It changes data of another tenant: garage_car.mileage differs in 2 of 2 rows."
    assert found["job drive_all"] == wanted
