"""A job runs in a transaction, once for each due time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.background_plugins import Tenant, unique_name
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.background.jobs.runner import JobFailedError, JobRun
from tenure_core.entities.model import Account
from tenure_core.errors import ConflictError, PluginError
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database

Work = Callable[[Context], Awaitable[None]]


async def write(context: Context) -> None:
    """Write an account."""
    await context.write.create(Account, [{"name": "written"}])


async def tenant_with_job(database: Database, actor: Actor, work: Work) -> Tenant:
    """Return a tenant that has enabled a plugin with an hourly job."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return [Job(name="tidy", doc="Tidy up.", run=work, every=timedelta(hours=1))]

    tenant = Tenant(database, actor, plugin(unique_name(), register_jobs=register_jobs))
    await tenant.enable()
    return tenant


def run_due(tenant: Tenant, hours: float, **changed: str) -> JobRun:
    """Return a queued run that is due in some hours."""
    arguments = {
        "tenant_id": str(tenant.id),
        "plugin": tenant.name,
        "job": "tidy",
        "due_at": (datetime.now(UTC) + timedelta(hours=hours)).isoformat(),
    }
    return JobRun.from_arguments(tenant.host, arguments | changed)


async def execute(tenant: Tenant, run: JobRun) -> None:
    await run.execute(tenant.database, tenant.host)


async def account_names(tenant: Tenant) -> list[Any]:
    return [name for (name,) in await tenant.writer.read("name")]


async def test_a_job_runs_as_the_actor_of_the_plugin(database: Database, actor: Actor) -> None:
    actors: list[Actor] = []

    async def record_actor(context: Context) -> None:
        actors.append(context.actor)
        await write(context)

    tenant = await tenant_with_job(database, actor, record_actor)
    await execute(tenant, run_due(tenant, 1))
    name = tenant.name
    assert [(found.tenant_id, found.role, found.plugins) for found in actors] == [
        (tenant.id, "admin", {name})
    ]
    assert await tenant.fetch_value("actor", "change") == f"plugin:{name}"
    assert await tenant.fetch_value("origin", "change") == f"plugin:{name}"


async def test_a_completed_job_does_not_run_again_if_it_is_still_queued(
    database: Database, actor: Actor
) -> None:
    """A worker that is killed between the commit and the acknowledgement leaves the job in the queue."""
    tenant = await tenant_with_job(database, actor, write)
    run = run_due(tenant, 1)
    await execute(tenant, run)
    await execute(tenant, run)
    assert await account_names(tenant) == ["written"]
    await execute(tenant, run_due(tenant, 2))
    assert await account_names(tenant) == ["written"] * 2


async def test_concurrent_workers_run_a_job_once(database: Database, actor: Actor) -> None:
    async def slowly(context: Context) -> None:
        await write(context)
        await asyncio.sleep(0.2)

    tenant = await tenant_with_job(database, actor, slowly)
    run = run_due(tenant, 1)
    results = await asyncio.gather(*(execute(tenant, run) for _ in range(3)), return_exceptions=True)
    assert await account_names(tenant) == ["written"]
    assert [type(result) for result in results if result] == [ConflictError] * 2


async def test_a_failed_job_is_rolled_back_and_its_error_is_recorded(
    database: Database, actor: Actor
) -> None:
    failures = [ValueError("no"), ValueError("again no")]

    async def fail(context: Context) -> None:
        await write(context)
        if failures:
            raise failures.pop(0)

    tenant = await tenant_with_job(database, actor, fail)
    for _ in range(2):
        with (
            capture_logs() as logged,
            pytest.raises(JobFailedError, match=r"The job tidy of the plugin .* failed"),
        ):
            await execute(tenant, run_due(tenant, 1))
        assert [(entry["job"], entry["tenant"]) for entry in logged] == [("tidy", str(tenant.id))]
    assert await account_names(tenant) == []
    assert (await tenant.problems()).problems == (
        "The job tidy failed 2 times. Last error: ValueError: again no. It will be retried.",
    )
    await execute(tenant, run_due(tenant, 1))
    assert await account_names(tenant) == ["written"]
    assert not await list_failing(tenant)


async def list_failing(tenant: Tenant) -> list[Any]:
    return await tenant.writer.read("last_error", "last_error IS NOT NULL", "plugin_job")


async def test_a_job_does_not_run_for_a_tenant_that_disabled_the_plugin(
    database: Database, actor: Actor
) -> None:
    tenant = await tenant_with_job(database, actor, write)
    await tenant.enable(False)
    await execute(tenant, run_due(tenant, 1))
    assert await account_names(tenant) == []


async def test_an_unknown_job_is_rejected(database: Database, actor: Actor) -> None:
    tenant = await tenant_with_job(database, actor, write)
    with pytest.raises(PluginError, match=r"1\.0\.0 has no job sweep"):
        run_due(tenant, 1, job="sweep")
    with pytest.raises(PluginError, match="The plugin elsewhere is not loaded"):
        run_due(tenant, 1, plugin="elsewhere")
