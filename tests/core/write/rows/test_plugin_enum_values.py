"""Added choices: kinds of a plugin are written where the tenant has it enabled, and read everywhere."""

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
async def stranger(tenure: RunningTenure) -> Tenant:
    """A tenant that has enabled nothing."""
    return await tenure.opened(f"choices {uuid.uuid4()}", "admin")


async def without_fleet(tenant: Tenant) -> Tenant:
    """Return a tenant after it has disabled the plugin."""
    host, keys = tenant.tenure.host, tenant.tenure.app.state.keys
    async with tenant.tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await disable(connection, host, "fleet", tenant.id)
    keys.invalidate_tenant(tenant.id)
    return await tenant.acting_as("admin")


async def errors(tenant: Tenant, mutation: str, sent: dict[str, Any]) -> list[dict[str, Any]]:
    taken = f"{mutation[0].upper()}{mutation[1:]}Input".replace("Activities", "Activity")
    asked = f"mutation ($input: {taken}!) {{ {mutation}(input: $input) {{ {CODES} }} }}"
    answer = await tenant.ask(asked, input=sent)
    found: list[dict[str, Any]] = answer["data"][mutation]["userErrors"]
    return found


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
async def test_it_is_refused_to_a_tenant_without_the_plugin(
    stranger: Tenant, mutation: str, sent: dict[str, Any]
) -> None:
    [error] = await errors(stranger, mutation, sent)
    assert (error["code"], error["path"][-1]) == ("INVALID", "kind")
    assert "TOWING belongs to the plugin fleet, which is not enabled" in error["message"]
    assert "`tenure plugin enable fleet`" in error["message"]
    assert (await stranger.ask("{ activities { totalCount } }"))["data"]["activities"]["totalCount"] == 0


async def test_it_is_refused_in_a_stream(stranger: Tenant) -> None:
    other = {"match": {"externalRef": {"system": "erp", "id": "2"}}, **SENT, "kind": "CALL"}
    answer = await stranger.client.post(
        "/bulk/Activity",
        content=orjson.dumps({"match": MATCH, **SENT}) + b"\n" + orjson.dumps(other),
        headers={"Content-Type": "application/x-ndjson"},
    )
    towing, call, _ = map(orjson.loads, answer.content.splitlines())
    assert (towing["status"], towing["userErrors"][0]["path"][-1]) == ("FAILED", "kind")
    assert call["status"] == "CREATED"


async def test_what_was_written_before_is_read_and_changed_but_made_no_more(tenure: RunningTenure) -> None:
    tenant = await tenure.new_tenant()
    async with tenant.context("fleet") as context:
        [made] = await context.write.create(Activity, [SENT])
    assert made.errors == ()
    before = await without_fleet(tenant)
    answer = await before.ask("{ activities(where: {kind: {eq: TOWING}}) { nodes { kind } } }")
    assert answer["data"]["activities"]["nodes"] == [{"kind": "TOWING"}]
    assert await errors(before, "activityUpdate", {"id": str(made.id), "subject": "A 1"}) == []
    [error] = await errors(before, "activityUpdate", {"id": str(made.id), "kind": "TOWING"})
    assert error["path"] == ["input", "kind"]
