"""Fields that a plugin keeps: clients read them and never write them, whichever way; its own code does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

KEPT = {"number", "trips", "worth"}
SHOWN = "plate number trips worth { minorUnits currency }"
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
    return await tenure.new_tenant()


def by_plate(plate: str, **fields: object) -> dict[str, object]:
    return {"match": {"uniqueKey": {"plate": plate}}, **fields}


async def upserted(tenant: Tenant, row: dict[str, object]) -> dict[str, object]:
    answer = await tenant.ask(UPSERT, rows=[row])
    [result] = answer["data"]["fleetCarsBulkUpsert"]["results"]
    found: dict[str, object] = result
    return found


async def cars(tenant: Tenant) -> list[dict[str, object]]:
    answer = await tenant.ask(f"{{ fleetCars {{ nodes {{ {SHOWN} }} }} }}")
    nodes: list[dict[str, object]] = answer["data"]["fleetCars"]["nodes"]
    return nodes


@pytest.mark.parametrize("name", ["CreateInput", "UpdateInput", "UpsertInput", "UpsertRow"])
async def test_no_input_takes_them(tenant: Tenant, name: str) -> None:
    answer = await tenant.ask(f'{{ __type(name: "FleetCar{name}") {{ inputFields {{ name }} }} }}')
    fields = {field["name"] for field in answer["data"]["__type"]["inputFields"]}
    assert fields & (KEPT | {"odometer"}) == {"odometer"}


@pytest.mark.parametrize("sent", [{"number": 1}, {"trips": 1}, {"worth": WORTH}, {"worth": None}])
async def test_a_row_that_brings_one_is_refused(tenant: Tenant, sent: dict[str, object]) -> None:
    [name] = sent
    refused = [{"code": "READ_ONLY", "path": ["input", "rows", "0", name]}]
    assert await upserted(tenant, by_plate("A 1", **sent)) == {"status": "FAILED", "userErrors": refused}
    body = orjson.dumps(by_plate("A 1", **sent))
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    assert orjson.loads(answer.content.splitlines()[0])["userErrors"][0]["code"] == "READ_ONLY"
    assert await cars(tenant) == []


async def test_a_table_has_no_column_for_them(tenant: Tenant) -> None:
    body, headers = "match.uniqueKey.plate,worth.currency\nA 1,EUR\n", {"Content-Type": "text/csv"}
    answer = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    assert "There is no column 'worth.currency'" in answer.text


async def test_a_client_makes_records_without_them_and_leaves_them_alone(tenant: Tenant) -> None:
    assert (await upserted(tenant, by_plate("A 1")))["status"] == "CREATED"
    [car] = await cars(tenant)
    assert car == {"plate": "A 1", "number": None, "trips": 0, "worth": None}
    async with tenant.context("fleet") as context:
        [record] = await context.write.upsert(FleetCar, [by_plate("A 1", trips=7, number=1)])
        assert record.status == "UPDATED"
    replacing = by_plate("A 1", onConflict="REPLACE", odometer=5)
    assert (await upserted(tenant, replacing))["status"] == "UPDATED"
    assert [(one["trips"], one["number"]) for one in await cars(tenant)] == [(7, 1)]


async def test_a_client_means_a_record_by_one_and_makes_none_with_it(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1", "number": 1}])
    by_number = {"match": {"uniqueKey": {"number": 1}}, "odometer": 3}
    assert (await upserted(tenant, by_number))["status"] == "UPDATED"
    unknown = {"match": {"uniqueKey": {"number": 2}}, "plate": "A 2"}
    refused = [{"code": "NOT_FOUND", "path": ["input", "rows", "0", "match", "uniqueKey", "number"]}]
    assert await upserted(tenant, unknown) == {"status": "FAILED", "userErrors": refused}


async def test_the_plugins_own_code_writes_them_and_no_other_plugins(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(FleetCar(plate="A 1", number=1, trips=2))
        sent = {"plate": "A 2", "number": 2, "trips": 3, "worth": WORTH}
        [made] = await context.write.create(FleetCar, [sent])
        assert made.errors == ()
    async with tenant.context("garage") as context:
        [refused] = await context.write.update(FleetCar, [{"id": str(made.id), "trips": 9}])
    assert [error.code for error in refused.errors] == ["READ_ONLY"]
    assert await cars(tenant) == [
        {"plate": "A 1", "number": 1, "trips": 2, "worth": None},
        {"plate": "A 2", "number": 2, "trips": 3, "worth": WORTH},
    ]


async def test_what_the_plugin_writes_is_in_the_feed_and_in_exports(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1", "trips": 2, "worth": WORTH}])
    told = await tenant.ask('{ changes(entities: ["FleetCar"]) { edges { after } } }')
    [edge] = told["data"]["changes"]["edges"]
    exported = orjson.loads((await tenant.client.get("/export?entities=FleetCar")).content.splitlines()[1])
    for found in (edge["after"], exported["data"]):
        assert (found["trips"], found["worth"]) == (2, WORTH)


async def test_nobody_owns_one(tenant: Tenant) -> None:
    answer = await tenant.ask(
        """mutation { fieldOwnerSet(input: {entity: "FleetCar", field: "trips", system: "erp"}) {
          userErrors { path message }
        } }"""
    )
    [error] = answer["data"]["fieldOwnerSet"]["userErrors"]
    assert error["path"] == ["input", "field"]
