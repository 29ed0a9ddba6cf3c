"""A run: the job's code in a transaction, once for each moment that it is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.background_plugins import Tenant, unique
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


async def enabled(database: Database, actor: Actor, work: Work) -> Tenant:
    """Return a tenant with a plugin that has a job every hour."""

    @hookimpl
    def register_jobs() -> list[Job]:
        return [Job(name="tidy", doc="Tidy up.", run=work, every=timedelta(hours=1))]

    tenant = Tenant(database, actor, plugin(unique(), register_jobs=register_jobs))
    await tenant.enable()
    return tenant


def due(tenant: Tenant, hours: float, **changed: str) -> JobRun:
    """Return the run that is due in some hours, as it comes from the queue."""
    arguments = {
        "tenant_id": str(tenant.id),
        "plugin": tenant.name,
        "job": "tidy",
        "due_at": (datetime.now(UTC) + timedelta(hours=hours)).isoformat(),
    }
    return JobRun.of(tenant.host, arguments | changed)


async def do(tenant: Tenant, run: JobRun) -> None:
    await run.execute(tenant.database, tenant.host)


async def written(tenant: Tenant) -> list[Any]:
    return [name for (name,) in await tenant.writer.read("name")]


async def test_it_acts_as_the_plugin_in_the_tenant(database: Database, actor: Actor) -> None:
    seen: list[Actor] = []

    async def look(context: Context) -> None:
        seen.append(context.actor)
        await write(context)

    tenant = await enabled(database, actor, look)
    await do(tenant, due(tenant, 1))
    name = tenant.name
    assert [(one.tenant_id, one.role, one.plugins) for one in seen] == [(tenant.id, "admin", {name})]
    assert await tenant.first("actor", "change") == f"plugin:{name}"
    assert await tenant.first("origin", "change") == f"plugin:{name}"


async def test_what_was_done_is_not_done_again_where_the_queue_does_not_know(
    database: Database, actor: Actor
) -> None:
    """A worker that dies after it has committed, and before it has said so, leaves the job in the queue."""
    tenant = await enabled(database, actor, write)
    run = due(tenant, 1)
    await do(tenant, run)
    await do(tenant, run)
    assert await written(tenant) == ["written"]
    await do(tenant, due(tenant, 2))
    assert await written(tenant) == ["written"] * 2


async def test_two_workers_at_once_do_it_once(database: Database, actor: Actor) -> None:
    async def slowly(context: Context) -> None:
        await write(context)
        await asyncio.sleep(0.2)

    tenant = await enabled(database, actor, slowly)
    run = due(tenant, 1)
    results = await asyncio.gather(*(do(tenant, run) for _ in range(3)), return_exceptions=True)
    assert await written(tenant) == ["written"]
    assert [type(result) for result in results if result] == [ConflictError] * 2


async def test_one_that_raises_leaves_nothing_and_says_why(database: Database, actor: Actor) -> None:
    failures = [ValueError("no"), ValueError("again no")]

    async def fail(context: Context) -> None:
        await write(context)
        if failures:
            raise failures.pop(0)

    tenant = await enabled(database, actor, fail)
    for _ in range(2):
        with capture_logs() as logged, pytest.raises(JobFailedError, match=r"The job tidy of .* failed"):
            await do(tenant, due(tenant, 1))
        assert [(one["job"], one["tenant"]) for one in logged] == [("tidy", str(tenant.id))]
    assert await written(tenant) == []
    assert (await tenant.health()).problems == (
        "The job tidy has failed 2 times, at last with: ValueError: again no. It is tried again.",
    )
    await do(tenant, due(tenant, 1))
    assert await written(tenant) == ["written"]
    assert not await failing(tenant)


async def failing(tenant: Tenant) -> list[Any]:
    return await tenant.writer.read("problem", "problem IS NOT NULL", "plugin_job")


async def test_who_has_disabled_it_has_nothing_done(database: Database, actor: Actor) -> None:
    tenant = await enabled(database, actor, write)
    await tenant.enable(False)
    await do(tenant, due(tenant, 1))
    assert await written(tenant) == []


async def test_a_job_that_this_version_does_not_have_is_left_to_others(
    database: Database, actor: Actor
) -> None:
    tenant = await enabled(database, actor, write)
    with pytest.raises(PluginError, match=r"1\.0\.0 has no job sweep"):
        due(tenant, 1, job="sweep")
    with pytest.raises(PluginError, match="The plugin elsewhere is not loaded"):
        due(tenant, 1, plugin="elsewhere")
