"""Enum values of plugins: tenants that enabled the plugin can write them, and all tenants can read them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from tests.support.vehicle_plugin import fleet

from tenure_core.plugins.administration.enablement import disable
from tenure_sdk import Activity
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

MATCH = {"externalRef": {"system": "erp", "id": "1"}}
SENT = {"kind": "TOWING", "occurredAt": "2026-03-31T09:30:00Z"}
CODES = "userErrors { code path message }"


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    async with running_tenure(server_url, [fleet(register_activity_kinds=lambda: ["TOWING"])]) as running:
        yield running


@pytest.fixture
async def other_tenant(tenure: RunningTenure) -> Tenant:
    """A tenant that has not enabled the plugin."""
    return await tenure.open_tenant(f"choices {uuid.uuid4()}", "admin")


async def disable_fleet(tenant: Tenant) -> Tenant:
    """Disable the plugin, and return the tenant."""
    host, keys = tenant.tenure.host, tenant.tenure.app.state.keys
    async with tenant.tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await disable(connection, host, "fleet", tenant.id)
    keys.invalidate_tenant(tenant.id)
    return await tenant.with_role("admin")


async def run_mutation(tenant: Tenant, mutation: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a mutation and return its errors."""
    input_type = f"{mutation[0].upper()}{mutation[1:]}Input".replace("Activities", "Activity")
    document = f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ {CODES} }} }}"
    response = await tenant.execute(document, input=sent)
    errors: list[dict[str, Any]] = response["data"][mutation]["userErrors"]
    return errors


@pytest.mark.parametrize(
    ("mutation", "sent"),
    [
        ("activityCreate", SENT),
        ("activityUpsert", {"match": MATCH, **SENT}),
        ("activitiesBulkUpsert", {"rows": [{"match": MATCH, **SENT}]}),
        ("activitiesBulkUpsert", {"rows": [{"match": MATCH, **SENT}], "dryRun": True}),
        ("batch", {"operations": [{"activityCreate": SENT}]}),
    ],
)
async def test_a_value_of_a_disabled_plugin_is_rejected(
    other_tenant: Tenant, mutation: str, sent: dict[str, Any]
) -> None:
    [error] = await run_mutation(other_tenant, mutation, sent)
    assert (error["code"], error["path"][-1]) == ("INVALID", "kind")
    assert "TOWING belongs to the plugin fleet, which is not enabled" in error["message"]
    assert "`tenure plugin enable fleet`" in error["message"]
    assert (await other_tenant.execute("{ activities { totalCount } }"))["data"]["activities"][
        "totalCount"
    ] == 0


async def test_a_value_of_a_disabled_plugin_is_rejected_in_a_bulk_load(other_tenant: Tenant) -> None:
    other = {"match": {"externalRef": {"system": "erp", "id": "2"}}, **SENT, "kind": "CALL"}
    answer = await other_tenant.client.post(
        "/bulk/Activity",
        content=orjson.dumps({"match": MATCH, **SENT}) + b"\n" + orjson.dumps(other),
        headers={"Content-Type": "application/x-ndjson"},
    )
    towing, call, _ = map(orjson.loads, answer.content.splitlines())
    assert (towing["status"], towing["userErrors"][0]["path"][-1]) == ("FAILED", "kind")
    assert call["status"] == "CREATED"


async def test_stored_values_of_a_disabled_plugin_are_readable_but_not_writable(
    tenure: RunningTenure,
) -> None:
    tenant = await tenure.create_tenant()
    async with tenant.context("fleet") as context:
        [created] = await context.write.create(Activity, [SENT])
    assert created.errors == ()
    before = await disable_fleet(tenant)
    answer = await before.execute("{ activities(where: {kind: {eq: TOWING}}) { nodes { kind } } }")
    assert answer["data"]["activities"]["nodes"] == [{"kind": "TOWING"}]
    assert await run_mutation(before, "activityUpdate", {"id": str(created.id), "subject": "A 1"}) == []
    [error] = await run_mutation(before, "activityUpdate", {"id": str(created.id), "kind": "TOWING"})
    assert error["path"] == ["input", "kind"]
