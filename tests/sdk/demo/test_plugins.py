"""What plugins add to the demo's story: told once, after the core's, in the plugins' order."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import TenureError
from tenure_core.plugins.host import Host
from tenure_sdk import DemoAccount, DemoData, Entity
from tenure_sdk.demo.accounts import CUSTOMERS
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.demo.plugins import load_plugins
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)

Rows = Iterator[tuple[type[Entity], Sequence[dict[str, Any]]]]


def car(key: str, **fields: object) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "demo", "id": key}}, **fields}


def cars(chance: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    """A car for each account, and a thousand more."""
    yield (
        FleetCar,
        [
            car(one.name, plate=f"D {n}", account={"id": str(one.id)}, boughtOn=f"{one.since:%Y-%m-%d}")
            for n, one in enumerate(accounts)
        ],
    )
    yield FleetCar, [car(str(n), plate=f"E {n}", odometer=chance.randint(0, 10**6)) for n in range(1_001)]


def repainted(chance: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    """Change what the fleet has told."""
    yield FleetCar, [car("7", equipment={"paint": chance.choice(["red", "blue"]), "on": f"{now:%Y-%m-%d}"})]


def faulty(chance: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    yield FleetCar, [car("faulty", odometer=-1)]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [
        fleet(register_demo_data=lambda: DemoData(rows=cars)),
        fleet("paint", requires=("fleet",), register_demo_data=lambda: DemoData(rows=repainted)),
        fleet("quiet"),
    ]
    async with running_tenure(server_url, plugins) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    """A tenant that has the core's story, and no plugin yet."""
    made = await tenure.opened(f"demo {random.getrandbits(64)}", "admin")
    await load_demo(tenure.database, tenure.catalog, made.actor, NOW)
    return made


async def told(tenant: Tenant) -> list[str]:
    names = await load_plugins(tenant.tenure.database, tenant.tenure.host, tenant.actor, NOW)
    tenant.tenure.app.state.keys.invalidate_tenant(tenant.id)
    return names


async def story(tenant: Tenant) -> list[tuple[Any, ...]]:
    async with tenant.tenure.database.tenant_connection(tenant.id) as connection:
        cursor = await connection.execute(
            "SELECT plate, odometer, bought_on, equipment, account.name FROM fleet_car "
            "LEFT JOIN account ON account.id = account_id ORDER BY plate"
        )
        return await cursor.fetchall()


async def test_plugins_are_enabled_and_tell_their_part_in_their_order(tenant: Tenant) -> None:
    assert await told(tenant) == ["fleet", "quiet", "paint"]
    found = {plate: rest for plate, *rest in await story(tenant)}
    assert len(found) == len(CUSTOMERS) + 1_001
    assert found["D 0"][3] == CUSTOMERS[0].name
    assert found["D 0"][1] is not None
    assert found["E 7"][2]["on"] == "2026-03-31"
    answer = await tenant.ask("{ fleetCars { totalCount } }")
    assert answer["data"]["fleetCars"]["totalCount"] == len(found)


async def test_they_tell_it_once(tenant: Tenant) -> None:
    await told(tenant)
    first = await story(tenant)
    assert await told(tenant) == []
    assert await story(tenant) == first


async def test_the_same_moment_brings_the_same_story(tenant: Tenant, tenure: RunningTenure) -> None:
    other = await tenure.opened(f"demo {random.getrandbits(64)}", "admin")
    await load_demo(tenure.database, tenure.catalog, other.actor, NOW)
    await told(tenant)
    await told(other)
    assert await story(tenant) == await story(other)


async def test_what_was_disabled_stays_so_and_what_requires_it_stays_away(
    tenant: Tenant, tenure: RunningTenure
) -> None:
    async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await connection.execute(
            "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%s, 'fleet', false)", (tenant.id,)
        )
    assert await told(tenant) == ["quiet"]


async def test_a_faulty_row_is_told_with_its_plugin_and_nothing_of_it_stays(
    tenant: Tenant, tenure: RunningTenure
) -> None:
    broken = fleet(register_demo_data=lambda: DemoData(rows=faulty))
    [loaded, *_] = tenure.host.plugins
    host = Host((replace(loaded, hooks=broken),), (), tenure.catalog)
    with pytest.raises(TenureError, match="plugin fleet has a faulty FleetCar: faulty: odometer"):
        await load_plugins(tenure.database, host, tenant.actor, NOW)
    assert await told(tenant) == ["fleet", "quiet", "paint"]
