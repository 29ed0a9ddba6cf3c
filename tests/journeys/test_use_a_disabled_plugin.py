"""Data that a role cannot read, or of a plugin that is disabled, is rejected on every path."""

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
QUERIES_OF_ACCOUNTS = [
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
    return await (await tenure.create_tenant()).with_role("driver")


def list_path_queries(tenure: RunningTenure) -> Iterator[tuple[str, bool]]:
    """Yield a query for each sort and group field of cars, and whether it reads accounts."""
    car = tenure.catalog["FleetCar"]
    for name in sort_paths(car, tenure.catalog):
        yield f"{{ fleetCars(orderBy: [{{field: {name}}}]) {{ totalCount }} }}", name.startswith("ACCOUNT")
    for name in group_paths(car, tenure.catalog):
        query = f"{{ fleetCarsAggregate(groupBy: [{{field: {name}}}]) {{ count }} }}"
        yield query, name.startswith("ACCOUNT")


async def list_errors(tenant: Tenant, query: str) -> list[str]:
    response = await tenant.execute(query)
    return [error["message"] for error in response.get("errors", ())]


@pytest.mark.parametrize("query", QUERIES_OF_ACCOUNTS)
async def test_a_query_of_a_hidden_entity_is_rejected(driver: Tenant, query: str) -> None:
    [message] = await list_errors(driver, query)
    assert "The role driver may not read accounts." in message


async def test_sort_and_group_fields_of_a_hidden_entity_are_rejected(driver: Tenant) -> None:
    is_hidden = dict(list_path_queries(driver.tenure))
    assert sum(is_hidden.values()) > 20
    for query, hidden in is_hidden.items():
        errors = await list_errors(driver, query)
        assert bool(errors) is hidden, query
        assert all("may not read accounts" in message for message in errors)


ID = '"01890a5d-ac96-774b-bcce-b302099a8057"'
OPERATIONS_OF_THE_PLUGIN = [
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
async def disabled(tenure: RunningTenure) -> Tenant:
    """A tenant that has disabled the plugin."""
    tenant = await tenure.create_tenant()
    await tenant.execute('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
    await tenant.execute('mutation { pluginDisable(input: {name: "fleet"}) { userErrors { code } } }')
    return tenant


@pytest.mark.parametrize("query", OPERATIONS_OF_THE_PLUGIN)
async def test_an_operation_of_a_disabled_plugin_is_rejected(disabled: Tenant, query: str) -> None:
    [message] = await list_errors(disabled, query)
    assert "belongs to the plugin fleet, which is not enabled for this tenant" in message


async def test_bulk_loads_exports_and_the_feed_exclude_a_disabled_plugin(disabled: Tenant) -> None:
    rows = {"content": b"{}\n", "headers": {"Content-Type": "application/x-ndjson"}}
    written = await disabled.client.post("/bulk/FleetCar", **rows)
    exported = await disabled.client.get("/export", params={"entities": "FleetCar"})
    assert (written.status_code, exported.status_code) == (403, 403)
    complete = await disabled.client.get("/export")
    feed = await disabled.execute("{ changes { edges { entity } } }")
    assert complete.status_code == 200
    assert "B-TN 1" not in complete.text
    assert feed == {"data": {"changes": {"edges": []}}}
