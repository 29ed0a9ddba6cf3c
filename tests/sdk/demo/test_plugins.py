"""The demo data of plugins: it is loaded once per plugin, in load order."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import TenureError
from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_sdk import DemoAccount, DemoData, Entity
from tenure_sdk.demo.accounts import CUSTOMERS
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.demo.plugins import load_plugins
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)

Rows = Iterator[tuple[type[Entity], Sequence[dict[str, Any]]]]


def car(key: str, **fields: object) -> dict[str, Any]:
    return {"match": {"externalRef": {"system": "demo", "id": key}}, **fields}


def cars(rng: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    """A car for each account, and a thousand more."""
    yield (
        FleetCar,
        [
            car(
                account.name,
                plate=f"D {n}",
                account={"id": str(account.id)},
                boughtOn=f"{account.since:%Y-%m-%d}",
            )
            for n, account in enumerate(accounts)
        ],
    )
    yield FleetCar, [car(str(n), plate=f"E {n}", odometer=rng.randint(0, 10**6)) for n in range(1_001)]


def painted_cars(rng: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    """Update a car of the plugin fleet."""
    yield FleetCar, [car("7", equipment={"paint": rng.choice(["red", "blue"]), "on": f"{now:%Y-%m-%d}"})]


def invalid_cars(rng: random.Random, accounts: Sequence[DemoAccount], now: datetime) -> Rows:
    yield FleetCar, [car("faulty", odometer=-1)]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [
        fleet(register_demo_data=lambda: DemoData(rows=cars)),
        fleet("paint", requires=("fleet",), register_demo_data=lambda: DemoData(rows=painted_cars)),
        fleet("quiet"),
    ]
    async with running_tenure(server_url, plugins) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    """A tenant with the demo data of the core and without plugins."""
    tenant = await tenure.open_tenant(f"demo {random.getrandbits(64)}", "admin")
    await load_demo(tenure.database, tenure.host, tenant.actor, NOW)
    return tenant


async def load(tenant: Tenant) -> list[str]:
    names = await load_plugins(tenant.tenure.database, tenant.tenure.host, tenant.actor, NOW)
    tenant.tenure.app.state.keys.invalidate_tenant(tenant.id)
    return names


async def read_cars(tenant: Tenant) -> list[tuple[Any, ...]]:
    async with tenant.tenure.database.tenant_connection(tenant.id) as connection:
        cursor = await connection.execute(
            "SELECT plate, odometer, bought_on, equipment, account.name FROM fleet_car "
            "LEFT JOIN account ON account.id = account_id ORDER BY plate"
        )
        return await cursor.fetchall()


async def test_plugins_are_enabled_and_loaded_in_load_order(tenant: Tenant) -> None:
    assert await load(tenant) == ["fleet", "quiet", "paint"]
    rows = {plate: rest for plate, *rest in await read_cars(tenant)}
    assert len(rows) == len(CUSTOMERS) + 1_001
    assert rows["D 0"][3] == CUSTOMERS[0].name
    assert rows["D 0"][1] is not None
    assert rows["E 7"][2]["on"] == "2026-03-31"
    answer = await tenant.execute("{ fleetCars { totalCount } }")
    assert answer["data"]["fleetCars"]["totalCount"] == len(rows)


async def test_each_plugin_is_loaded_once(tenant: Tenant) -> None:
    await load(tenant)
    first = await read_cars(tenant)
    assert await load(tenant) == []
    assert await read_cars(tenant) == first


async def test_the_same_time_produces_the_same_rows(tenant: Tenant, tenure: RunningTenure) -> None:
    other = await tenure.open_tenant(f"demo {random.getrandbits(64)}", "admin")
    await load_demo(tenure.database, tenure.host, other.actor, NOW)
    await load(tenant)
    await load(other)
    assert await read_cars(tenant) == await read_cars(other)


async def test_a_disabled_plugin_and_its_dependents_stay_disabled(
    tenant: Tenant, tenure: RunningTenure
) -> None:
    async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await connection.execute(
            "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%s, 'fleet', false)", (tenant.id,)
        )
    assert await load(tenant) == ["quiet"]


async def test_an_invalid_row_rolls_back_and_names_the_plugin(tenant: Tenant, tenure: RunningTenure) -> None:
    invalid = fleet(register_demo_data=lambda: DemoData(rows=invalid_cars))
    [loaded, *_] = tenure.host.plugins
    plugin = LoadedPlugin(loaded.manifest, HookCaller(invalid))
    host = replace(tenure.host, plugins=(plugin,))
    with pytest.raises(TenureError, match="plugin fleet has an invalid FleetCar faulty: odometer"):
        await load_plugins(tenure.database, host, tenant.actor, NOW)
    assert await load(tenant) == ["fleet", "quiet", "paint"]
