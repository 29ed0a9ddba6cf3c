"""What a role may not read, or a tenant has not enabled: whatever leads there is refused alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import literal
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.catalog.field_paths import group_paths, sort_paths
from tenure_sdk import INT, Account, ComputedColumn, RoleDefinition
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

DRIVER = RoleDefinition(name="driver", doc="Drives.", reads=(FleetCar,))
LUCK = ComputedColumn(
    entity=Account, name="luck", scalar_type=INT, doc="Luck.", expression=lambda _: literal(7)
)
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
    plugins = [fleet(register_roles=lambda: [DRIVER], register_computed_fields=lambda: [LUCK])]
    async with running_tenure(server_url, plugins) as running:
        yield running


@pytest.fixture(scope="module")
async def driver(tenure: RunningTenure) -> Tenant:
    return await (await tenure.new_tenant()).acting_as("driver")


def by_paths(tenure: RunningTenure) -> Iterator[tuple[str, bool]]:
    """Yield a question for each order and group of cars, with whether it leads to accounts."""
    car = tenure.catalog["FleetCar"]
    for name in sort_paths(car, tenure.catalog):
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


ID = '"01890a5d-ac96-774b-bcce-b302099a8057"'
OF_THE_PLUGIN = [
    "{ fleetCars { totalCount } }",
    "{ fleetCarsAggregate { count } }",
    f"{{ fleetCar(id: {ID}) {{ id }} }}",
    '{ fleetCarByExternalRef(system: "erp", externalId: "1") { id } }',
    "{ accounts { nodes { fleetCars { totalCount } } } }",
    "{ accounts { nodes { fleetCarsAggregate { count } } } }",
    f"{{ node(id: {ID}) {{ ... on Account {{ fleetCars {{ totalCount }} }} }} }}",
    "{ accounts(where: {not: {fleetCars: {some: {}}}}) { totalCount } }",
    "{ activities(where: {account: {some: {fleetCars: {none: {}}}}}) { totalCount } }",
    "{ accounts { nodes { luck } } }",
    "{ accounts(where: {luck: {gt: 1}}) { totalCount } }",
    "{ accounts(orderBy: [{field: LUCK}]) { totalCount } }",
    "{ activities(orderBy: [{field: ACCOUNT_LUCK}]) { totalCount } }",
    "{ accountsAggregate(groupBy: [{field: LUCK}]) { count } }",
    "{ activitiesAggregate(groupBy: [{field: ACCOUNT_LUCK}]) { count } }",
    "{ accountsAggregate { sum { luck } } }",
    "{ accountsAggregate(having: {sum: {luck: {gt: 1}}}) { count } }",
    "{ accountsAggregate(orderBy: [{function: SUM, field: LUCK}]) { count } }",
    "{ changes { edges { node { ... on Account { luck } } } } }",
    '{ changes(entities: ["FleetCar"]) { edges { id } } }',
    '{ snapshot(entities: ["FleetCar"]) { url } }',
    'mutation { fleetCarCreate(input: {plate: "B"}) { status } }',
    f"mutation {{ fleetCarUpdate(input: {{id: {ID}}}) {{ status }} }}",
    f"mutation {{ fleetCarDelete(input: {{id: {ID}}}) {{ status }} }}",
    f"mutation {{ fleetCarRestore(input: {{id: {ID}}}) {{ status }} }}",
    f"mutation {{ fleetCarPurge(input: {{id: {ID}}}) {{ userErrors {{ code }} }} }}",
    'mutation { fleetCarUpsert(input: {match: {uniqueKey: {plate: "B"}}}) { status } }',
    "mutation { fleetCarsBulkUpsert(input: {rows: []}) { results { status } } }",
    'mutation { batch(input: {operations: [{fleetCarCreate: {plate: "B"}}]}) { results { status } } }',
    'mutation { accountCreate(input: {name: "A"}) { account { fleetCars { totalCount } luck } } }',
    'mutation { fieldOwnerSet(input: {entity: "FleetCar", field: "plate", system: "erp"}) '
    "{ userErrors { code } } }",
]


@pytest.fixture(scope="module")
async def without(tenure: RunningTenure) -> Tenant:
    """A tenant that no longer uses the plugin."""
    tenant = await tenure.new_tenant()
    await tenant.ask('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
    await tenant.ask('mutation { pluginDisable(input: {name: "fleet"}) { userErrors { code } } }')
    return tenant


@pytest.mark.parametrize("question", OF_THE_PLUGIN)
async def test_nothing_leads_to_what_the_tenant_has_not_enabled(without: Tenant, question: str) -> None:
    [message] = await refusals(without, question)
    assert "belongs to the plugin fleet, which is not enabled for this tenant" in message


async def test_streams_and_exports_do_not_either(without: Tenant) -> None:
    rows = {"content": b"{}\n", "headers": {"Content-Type": "application/x-ndjson"}}
    written = await without.client.post("/bulk/FleetCar", **rows)
    named = await without.client.get("/export", params={"entities": "FleetCar"})
    assert (written.status_code, named.status_code) == (403, 403)
    everything = await without.client.get("/export")
    fed = await without.ask("{ changes { edges { entity } } }")
    assert everything.status_code == 200
    assert "B-TN 1" not in everything.text
    assert fed == {"data": {"changes": {"edges": []}}}
