"""A context reads and writes in one transaction, with the permissions of its actor."""

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


ROLES = [
    Permission(name="fleet.sell", doc="Sell cars."),
    RoleDefinition(name="driver", doc="Drives.", reads=(FleetCar,)),
    RoleDefinition(name="dealer", doc="Sells.", writes=(FleetCar,), permissions=("fleet.sell",)),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugin = fleet(register_roles=lambda: ROLES, register_settings=lambda: FleetSettings)
    async with running_tenure(server_url, [plugin]) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.create_tenant()


async def list_plates(tenant: Tenant) -> list[str]:
    async with tenant.context("fleet") as context:
        return list(await context.session.scalars(select(FleetCar.plate).order_by(FleetCar.plate)))


async def test_writes_of_a_context_are_committed_together(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(FleetCar(plate="A 1"))
        [result] = await context.write.create(FleetCar, [{"plate": "A 2"}])
        assert result.status == "CREATED"
    assert await list_plates(tenant) == ["A 1", "A 2"]


async def test_an_error_rolls_back_all_writes(tenant: Tenant) -> None:
    async def fail() -> None:
        async with tenant.context("fleet") as context:
            context.session.add(FleetCar(plate="A 1"))
            await context.session.commit()
            await context.write.create(FleetCar, [{"plate": "A 2"}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await list_plates(tenant) == []


async def test_pending_changes_of_the_session_are_flushed_before_a_write(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        context.session.add(account := Account(name="Acme"))
        [result] = await context.write.create(
            FleetCar, [{"plate": "A 1", "account": {"id": str(account.id)}}]
        )
        assert not result.errors


async def test_records_are_updated_deleted_and_restored(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        match = {"externalRef": {"system": "erp", "id": "1"}}
        [created] = await context.write.upsert(FleetCar, [{"match": match, "plate": "A 1"}])
        assert created.id
        results = [
            *await context.write.update(FleetCar, [{"id": str(created.id), "odometer": 1}]),
            *await context.write.delete(FleetCar, [created.id]),
            *await context.write.restore(FleetCar, [created.id]),
        ]
    assert [result.status for result in results] == ["UPDATED", "DELETED", "RESTORED"]


async def test_rows_are_validated_like_those_of_a_client(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        [result] = await context.write.create(FleetCar, [{"plate": "A 1", "odometer": -1}])
    assert [(error.code, error.path) for error in result.errors] == [("OUT_OF_RANGE", ("odometer",))]


async def test_writes_require_the_permission_of_the_role(tenant: Tenant) -> None:
    for role in ("reader", "driver"):
        restricted = await tenant.with_role(role)
        async with restricted.context("fleet") as context:
            with pytest.raises(ForbiddenError, match=f"The role {role} may not write fleetCars"):
                await context.write.create(FleetCar, [{"plate": "A 1"}])
    dealer = await tenant.with_role("dealer")
    async with dealer.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1"}])
        with pytest.raises(ForbiddenError, match="may not write accounts"):
            await context.write.create(Account, [{"name": "Acme"}])
    assert await list_plates(tenant) == ["A 1"]


async def test_permissions_and_read_access_can_be_required(tenant: Tenant) -> None:
    driver, dealer = await tenant.with_role("driver"), await tenant.with_role("dealer")
    async with dealer.context("fleet") as context:
        context.require("fleet.sell")
    async with driver.context("fleet") as context:
        context.require_read(FleetCar)
        with pytest.raises(ForbiddenError, match=r"lacks the permission fleet\.sell"):
            context.require("fleet.sell")
        with pytest.raises(ForbiddenError, match="may not read accounts"):
            context.require_read(FleetCar, Account)


async def test_settings_belong_to_the_tenant(tenant: Tenant, tenure: RunningTenure) -> None:
    other = await tenure.create_tenant()
    async with tenant.context("fleet") as context:
        changes = {"depot": "York", "token": "s3cret"}
        assert not await change_settings(context.connection, context.plugin, tenant.id, changes)
    async with tenant.context("fleet") as context, other.context("fleet") as other_context:
        settings, other_settings = await context.settings(), await other_context.settings()
    assert isinstance(settings, FleetSettings)
    assert settings.token
    assert (settings.depot, settings.token.get_secret_value()) == ("York", "s3cret")
    assert other_settings == FleetSettings()


async def test_log_enattempts_contain_the_plugin_and_the_tenant(tenant: Tenant) -> None:
    with capture_logs() as logs:
        async with tenant.context("fleet") as context:
            context.log.warning("broke down", kilometres=7)
    [entry] = logs
    assert (entry["plugin"], entry["tenant"], entry["kilometres"]) == ("fleet", str(tenant.id), 7)


async def test_work_is_repeated_after_a_conflict(tenant: Tenant) -> None:
    attempts: list[Context] = []
    host, database = tenant.tenure.host, tenant.tenure.database

    async def work(context: Context) -> str:
        attempts.append(context)
        context.session.add(FleetCar(plate="A 1"))
        await context.session.flush()
        if len(attempts) == 1:
            raise ConflictError("A conflict.")
        return "done"

    assert await run_in_context(database, host, host["fleet"], tenant.actor, work) == "done"
    assert len(attempts) == 2
    assert await list_plates(tenant) == ["A 1"]


async def test_uncommitted_writes_are_invisible_to_other_contexts(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A 1"}])
        assert await list_plates(tenant) == []


async def test_changes_are_captured_with_the_actor_of_the_context(tenant: Tenant) -> None:
    actor = replace(tenant.actor, name="plugin:fleet", origin="plugin:fleet", key_id=uuid.UUID(int=0))
    host, database = tenant.tenure.host, tenant.tenure.database
    async with open_context(database, host, host["fleet"], actor) as context:
        context.session.add(FleetCar(plate="A 1"))
    async with database.tenant_connection(tenant.id) as connection:
        cursor = await connection.execute("SELECT entity, actor, origin FROM change")
        assert await cursor.fetchall() == [("FleetCar", "plugin:fleet", "plugin:fleet")]
