"""Contexts: what plugins' code reads and writes with, in one transaction, as the actor may."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import ConflictError, ForbiddenError
from tenure_core.plugins.administration.tenant_settings import change_settings
from tenure_core.plugins.context import open_context, run_in_context
from tenure_sdk import Account, Context, Permission, RoleDefinition
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure


class FleetSettings(BaseModel):
    depot: str = "Leeds"
    token: SecretStr | None = None


RIGHTS = [
    Permission(name="fleet.sell", doc="Sell cars."),
    RoleDefinition(name="driver", doc="Drives.", reads=(FleetCar,)),
    RoleDefinition(name="dealer", doc="Sells.", writes=(FleetCar,), permissions=("fleet.sell",)),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugin = fleet(register_roles=lambda: RIGHTS, register_settings=lambda: FleetSettings)
    async with running_tenure(server_url, [plugin]) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.new_tenant()


async def plates(tenant: Tenant) -> list[str]:
    async with tenant.context("fleet") as context:
        return list(await context.session.scalars(select(FleetCar.plate).order_by(FleetCar.plate)))


async def test_what_a_context_writes_is_committed_together(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(FleetCar(plate="A 1"))
        [result] = await context.write.create(FleetCar, [{"plate": "A 2"}])
        assert result.status == "CREATED"
    assert await plates(tenant) == ["A 1", "A 2"]


async def test_an_error_undoes_all_of_it(tenant: Tenant) -> None:
    async def fail() -> None:
        async with tenant.context("fleet") as context:
            context.session.add(FleetCar(plate="A 1"))
            await context.session.commit()
            await context.write.create(FleetCar, [{"plate": "A 2"}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await plates(tenant) == []


async def test_the_write_module_sees_what_the_session_has_added(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(account := Account(name="Acme"))
        [result] = await context.write.create(
            FleetCar, [{"plate": "A 1", "account": {"id": str(account.id)}}]
        )
        assert not result.errors


async def test_records_are_changed_deleted_and_restored(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        match = {"externalRef": {"system": "erp", "id": "1"}}
        [made] = await context.write.upsert(FleetCar, [{"match": match, "plate": "A 1"}])
        assert made.id
        results = [
            *await context.write.update(FleetCar, [{"id": str(made.id), "odometer": 1}]),
            *await context.write.delete(FleetCar, [made.id]),
            *await context.write.restore(FleetCar, [made.id]),
        ]
    assert [one.status for one in results] == ["UPDATED", "DELETED", "RESTORED"]


async def test_rows_are_checked_as_a_clients_are(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        [result] = await context.write.create(FleetCar, [{"plate": "A 1", "odometer": -1}])
    assert [(one.code, one.path) for one in result.errors] == [("OUT_OF_RANGE", ("odometer",))]


async def test_the_write_module_keeps_to_the_role(tenant: Tenant) -> None:
    for role in ("reader", "driver"):
        acting = await tenant.acting_as(role)
        async with acting.context("fleet") as context:
            with pytest.raises(ForbiddenError, match=f"The role {role} may not write fleetCars"):
                await context.write.create(FleetCar, [{"plate": "A 1"}])
    dealer = await tenant.acting_as("dealer")
    async with dealer.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1"}])
        with pytest.raises(ForbiddenError, match="may not write accounts"):
            await context.write.create(Account, [{"name": "Acme"}])
    assert await plates(tenant) == ["A 1"]


async def test_permissions_and_reading_are_asked_for(tenant: Tenant) -> None:
    driver, dealer = await tenant.acting_as("driver"), await tenant.acting_as("dealer")
    async with dealer.context("fleet") as context:
        context.require("fleet.sell")
    async with driver.context("fleet") as context:
        context.require_read(FleetCar)
        with pytest.raises(ForbiddenError, match=r"lacks the permission fleet\.sell"):
            context.require("fleet.sell")
        with pytest.raises(ForbiddenError, match="may not read accounts"):
            context.require_read(FleetCar, Account)


async def test_settings_are_the_tenants_own(tenant: Tenant, tenure: RunningTenure) -> None:
    other = await tenure.new_tenant()
    async with tenant.context("fleet") as context:
        changes = {"depot": "York", "token": "s3cret"}
        assert not await change_settings(context.connection, context.plugin, tenant.id, changes)
    async with tenant.context("fleet") as context, other.context("fleet") as others:
        mine, theirs = await context.settings(), await others.settings()
    assert isinstance(mine, FleetSettings)
    assert mine.token
    assert (mine.depot, mine.token.get_secret_value()) == ("York", "s3cret")
    assert theirs == FleetSettings()


async def test_the_log_names_plugin_and_tenant(tenant: Tenant) -> None:
    with capture_logs() as logs:
        async with tenant.context("fleet") as context:
            context.log.warning("broke down", kilometres=7)
    [entry] = logs
    assert (entry["plugin"], entry["tenant"], entry["kilometres"]) == ("fleet", str(tenant.id), 7)


async def test_work_that_meets_another_write_is_done_again(tenant: Tenant) -> None:
    tries: list[Context] = []
    host, database = tenant.tenure.host, tenant.tenure.database

    async def work(context: Context) -> str:
        tries.append(context)
        context.session.add(FleetCar(plate="A 1"))
        await context.session.flush()
        if len(tries) == 1:
            raise ConflictError("Another write got in the way.")
        return "done"

    assert await run_in_context(database, host, host["fleet"], tenant.actor, work) == "done"
    assert len(tries) == 2
    assert await plates(tenant) == ["A 1"]


async def test_two_contexts_do_not_see_each_others_work_before_it_is_committed(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1"}])
        assert await plates(tenant) == []


async def test_the_change_feed_names_the_actor_of_the_context(tenant: Tenant) -> None:
    actor = replace(tenant.actor, name="plugin:fleet", origin="plugin:fleet", key_id=uuid.UUID(int=0))
    host, database = tenant.tenure.host, tenant.tenure.database
    async with open_context(database, host, host["fleet"], actor) as context:
        context.session.add(FleetCar(plate="A 1"))
    async with database.tenant_connection(tenant.id) as connection:
        cursor = await connection.execute("SELECT entity, actor, origin FROM change")
        assert await cursor.fetchall() == [("FleetCar", "plugin:fleet", "plugin:fleet")]
