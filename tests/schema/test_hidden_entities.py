"""What a role may not read it learns in no way: whatever leads there is refused alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.fleet import FleetCar, fleet

from tenure_core.paths import group_paths, paths
from tenure_sdk import RoleGrants
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

DRIVER = RoleGrants(name="driver", doc="Drives.", reads=(FleetCar,))
REACHING = [
    "{ accounts { totalCount } }",
    "{ accountsAggregate { count } }",
    "{ fleetCars { nodes { account { id } } } }",
    "{ fleetCars(where: {account: {some: {}}}) { totalCount } }",
    '{ fleetCars(where: {not: {account: {some: {name: {eq: "A"}}}}}) { totalCount } }',
    "{ fleetCarsAggregate(where: {account: {none: {}}}) { count } }",
    "{ fleetCarsAggregate(groupBy: [{field: ACCOUNT}]) { key { account { id } } } }",
    "{ fleetCarsAggregate { key { account { __typename } } } }",
    '{ changes(entities: ["Account"]) { edges { id } } }',
    '{ snapshot(entities: ["FleetCar", "Account"]) { url } }',
    '{ account(id: "01890a5d-ac96-774b-bcce-b302099a8057") { id } }',
    '{ accountByExternalRef(system: "erp", externalId: "1") { id } }',
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    async with running_tenure(server_url, [fleet(register_roles=lambda: [DRIVER])]) as running:
        yield running


@pytest.fixture(scope="module")
async def driver(tenure: RunningTenure) -> Tenant:
    return await (await tenure.new_tenant()).acting_as("driver")


def by_paths(tenure: RunningTenure) -> Iterator[tuple[str, bool]]:
    """Yield a question for each order and group of cars, with whether it leads to accounts."""
    car = tenure.catalog["FleetCar"]
    for name in paths(car, tenure.catalog):
        yield f"{{ fleetCars(orderBy: [{{field: {name}}}]) {{ totalCount }} }}", name.startswith("ACCOUNT")
    for name in group_paths(car, tenure.catalog):
        asked = f"{{ fleetCarsAggregate(groupBy: [{{field: {name}}}]) {{ count }} }}"
        yield asked, name.startswith("ACCOUNT")


async def refusals(driver: Tenant, question: str) -> list[str]:
    answer = await driver.ask(question)
    return [error["message"] for error in answer.get("errors", ())]


@pytest.mark.parametrize("question", REACHING)
async def test_no_question_leads_to_what_is_hidden(driver: Tenant, question: str) -> None:
    [message] = await refusals(driver, question)
    assert "The role driver may not read accounts." in message


async def test_no_order_and_no_group_leads_there_and_all_others_do(driver: Tenant) -> None:
    asked = dict(by_paths(driver.tenure))
    assert sum(asked.values()) > 20
    for question, hidden in asked.items():
        found = await refusals(driver, question)
        assert bool(found) is hidden, question
        assert all("may not read accounts" in message for message in found)
