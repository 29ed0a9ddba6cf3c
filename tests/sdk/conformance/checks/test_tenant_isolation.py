"""Requests and jobs that read or change data of another tenant are reported."""

from __future__ import annotations

import pytest
from tests.sdk.conformance.garage_plugin import create_job, drive_all_cars, garage_plugin

from tenure_sdk.conformance.checks.tenant_isolation import WITHOUT_RLS, check_isolation
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData, run_environment
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set


@pytest.fixture(scope="module")
async def messages(environment: Environment, few: TenantData, many: TenantData) -> dict[str, str]:
    """The messages of the findings by the element of the plugin."""
    return {finding.where: finding.message async for finding in check_isolation(environment, few, many)}


def test_data_that_is_cached_between_requests_is_reported(messages: dict[str, str]) -> None:
    assert messages.pop("firstPlates") == "It returns data of another tenant."


def test_statements_that_do_not_compare_the_tenant_are_reported(messages: dict[str, str]) -> None:
    assert messages.pop("garage.carsOfAll").startswith(WITHOUT_RLS)
    assert "for the id of its record" in messages.pop("garageName")
    renamed = messages.pop("garageRename")
    assert "changes data of another tenant: garage.name changed in 1 of 6 rows" in renamed


def test_routes_that_do_not_compare_the_tenant_are_reported(messages: dict[str, str]) -> None:
    assert "for the id of its record" in messages.pop("GET /garage-cars/{id}/plate")
    scrapped = messages.pop("POST /scrap/{garage_car_id}")
    assert "changes data of another tenant: garage_car.mileage" in scrapped


def test_mutations_that_return_data_without_a_change_are_reported(messages: dict[str, str]) -> None:
    assert "for the id of its record" in messages.pop("garageCarInspect")


def test_subscriptions_with_events_of_other_tenants_are_reported(messages: dict[str, str]) -> None:
    assert messages.pop("garageOpened") == f"{WITHOUT_RLS} It sends events of another tenant."


def test_nothing_else_is_reported(messages: dict[str, str]) -> None:
    assert messages == {}


async def test_jobs_that_change_data_of_other_tenants_are_reported(server_url: str) -> None:
    plugin_set = load_plugin_set(garage_plugin(register_jobs=lambda: [create_job(drive_all_cars)]), [])
    async with run_environment(server_url, plugin_set.loaded_plugin, (), plugin_set.additions) as environment:
        few, many = [await environment.create_tenant_data(count) for count in (2, 6)]
        findings = [finding async for finding in check_isolation(environment, few, many)]
    messages = {finding.where: finding.message for finding in findings}
    change = "It changes data of another tenant: garage_car.mileage changed in 2 of 2 rows."
    assert messages["job drive_all_cars"] == f"{WITHOUT_RLS} {change}"
