"""Internal fields of a plugin: clients can read but not write them; the code of the plugin writes them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

INTERNAL_FIELDS = {"number", "trips", "worth"}
SELECTION = "plate number trips worth { minorUnits currency }"
WORTH = {"minorUnits": 5, "currency": "EUR"}
UPSERT = """
mutation ($rows: [FleetCarUpsertRow!]!) {
  fleetCarsBulkUpsert(input: {rows: $rows}) { results { status userErrors { code path } } }
}
"""


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    async with running_tenure(server_url, [fleet(), fleet("garage", requires=("fleet",))]) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.create_tenant()


def by_plate(plate: str, **fields: object) -> dict[str, object]:
    return {"match": {"uniqueKey": {"plate": plate}}, **fields}


async def upsert(tenant: Tenant, row: dict[str, object]) -> dict[str, object]:
    response = await tenant.execute(UPSERT, rows=[row])
    [result] = response["data"]["fleetCarsBulkUpsert"]["results"]
    rendered: dict[str, object] = result
    return rendered


async def list_cars(tenant: Tenant) -> list[dict[str, object]]:
    response = await tenant.execute(f"{{ fleetCars {{ nodes {{ {SELECTION} }} }} }}")
    nodes: list[dict[str, object]] = response["data"]["fleetCars"]["nodes"]
    return nodes


@pytest.mark.parametrize("name", ["CreateInput", "UpdateInput", "UpsertInput", "UpsertRow"])
async def test_no_input_type_contains_internal_fields(tenant: Tenant, name: str) -> None:
    response = await tenant.execute(f'{{ __type(name: "FleetCar{name}") {{ inputFields {{ name }} }} }}')
    fields = {field["name"] for field in response["data"]["__type"]["inputFields"]}
    assert fields & (INTERNAL_FIELDS | {"odometer"}) == {"odometer"}


@pytest.mark.parametrize("sent", [{"number": 1}, {"trips": 1}, {"worth": WORTH}, {"worth": None}])
async def test_a_row_with_an_internal_field_is_rejected(tenant: Tenant, sent: dict[str, object]) -> None:
    [name] = sent
    errors = [{"code": "READ_ONLY", "path": ["input", "rows", "0", name]}]
    assert await upsert(tenant, by_plate("A 1", **sent)) == {"status": "FAILED", "userErrors": errors}
    body = orjson.dumps(by_plate("A 1", **sent))
    headers = {"Content-Type": "application/x-ndjson"}
    response = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    assert orjson.loads(response.content.splitlines()[0])["userErrors"][0]["code"] == "READ_ONLY"
    assert await list_cars(tenant) == []


async def test_a_csv_column_of_an_internal_field_is_rejected(tenant: Tenant) -> None:
    body, headers = "match.uniqueKey.plate,worth.currency\nA 1,EUR\n", {"Content-Type": "text/csv"}
    response = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    assert "The column 'worth.currency' does not exist" in response.text


async def test_client_writes_keep_internal_fields(tenant: Tenant) -> None:
    assert (await upsert(tenant, by_plate("A 1")))["status"] == "CREATED"
    [car] = await list_cars(tenant)
    assert car == {"plate": "A 1", "number": None, "trips": 0, "worth": None}
    async with tenant.context("fleet") as context:
        [record] = await context.write.upsert(FleetCar, [by_plate("A 1", trips=7, number=1)])
        assert record.status == "UPDATED"
    replacing = by_plate("A 1", onConflict="REPLACE", odometer=5)
    assert (await upsert(tenant, replacing))["status"] == "UPDATED"
    assert [(car["trips"], car["number"]) for car in await list_cars(tenant)] == [(7, 1)]


async def test_a_client_can_match_but_not_create_records_by_an_internal_field(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1", "number": 1}])
    by_number = {"match": {"uniqueKey": {"number": 1}}, "odometer": 3}
    assert (await upsert(tenant, by_number))["status"] == "UPDATED"
    unknown = {"match": {"uniqueKey": {"number": 2}}, "plate": "A 2"}
    errors = [{"code": "NOT_FOUND", "path": ["input", "rows", "0", "match", "uniqueKey", "number"]}]
    assert await upsert(tenant, unknown) == {"status": "FAILED", "userErrors": errors}


async def test_only_the_plugin_that_declares_internal_fields_writes_them(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(FleetCar(plate="A 1", number=1, trips=2))
        sent = {"plate": "A 2", "number": 2, "trips": 3, "worth": WORTH}
        [created] = await context.write.create(FleetCar, [sent])
        assert created.errors == ()
    async with tenant.context("garage") as context:
        [rejected] = await context.write.update(FleetCar, [{"id": str(created.id), "trips": 9}])
    assert [error.code for error in rejected.errors] == ["READ_ONLY"]
    assert await list_cars(tenant) == [
        {"plate": "A 1", "number": 1, "trips": 2, "worth": None},
        {"plate": "A 2", "number": 2, "trips": 3, "worth": WORTH},
    ]


async def test_internal_fields_are_in_the_change_feed_and_in_exports(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1", "trips": 2, "worth": WORTH}])
    response = await tenant.execute('{ changes(entities: ["FleetCar"]) { edges { after } } }')
    [edge] = response["data"]["changes"]["edges"]
    exported = orjson.loads((await tenant.client.get("/export?entities=FleetCar")).content.splitlines()[1])
    for record in (edge["after"], exported["data"]):
        assert (record["trips"], record["worth"]) == (2, WORTH)


async def test_an_internal_field_cannot_have_an_owner(tenant: Tenant) -> None:
    response = await tenant.execute(
        """mutation { fieldOwnerSet(input: {entity: "FleetCar", field: "trips", system: "erp"}) {
          userErrors { path message }
        } }"""
    )
    [error] = response["data"]["fieldOwnerSet"]["userErrors"]
    assert error["path"] == ["input", "field"]
