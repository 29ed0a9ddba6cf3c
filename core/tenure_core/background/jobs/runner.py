"""Runs queued jobs: `JobRun` for one tenant, `run_database_job` for the database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import structlog

from tenure_core.access.identity import Actor
from tenure_core.errors import PluginError, PluginFailedError, error_summary
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import use_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import DatabaseJob, Job, ScheduledJob
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings

LOCK_JOB = """
    SELECT completed_at
    FROM plugin_job JOIN tenant_plugin USING (tenant_id, plugin)
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s AND enabled
    FOR UPDATE OF plugin_job NOWAIT
"""

RECORD_SUCCESS = """
    UPDATE plugin_job SET completed_at = greatest(now(), %(due_at)s), attempts = 0, last_error = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s
"""

RECORD_FAILURE = """
    UPDATE plugin_job SET attempts = attempts + 1, last_error = %(error)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s
"""

J = TypeVar("J", bound=ScheduledJob)

log = structlog.get_logger()


class JobFailedError(PluginFailedError):
    """A job raised an error; it is retried."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """The run of a job for a tenant.

    Args:
        plugin: The plugin that registered the job.
        job: The job.
        tenant_id: The tenant.
        due_at: The due time.
    """

    plugin: LoadedPlugin
    job: Job
    tenant_id: uuid.UUID
    due_at: datetime

    @classmethod
    def from_arguments(cls, host: Host, arguments: Mapping[str, str]) -> JobRun:
        """Return the run for the arguments in the queue.

        Raises:
            PluginError: The loaded plugins have no such job.
        """
        plugin = host.find(arguments["plugin"])
        job = _find_job(plugin, arguments["job"], Job)
        due_at = datetime.fromisoformat(arguments["due_at"])
        return cls(plugin, job, uuid.UUID(arguments["tenant_id"]), due_at)

    async def execute(self, database: Database, host: Host) -> None:
        """Run the job, unless it has already run for this due time.

        The result is recorded in the transaction of the job, so that writes take effect exactly once.

        Raises:
            JobFailedError: The job raised an error.
            ConflictError: The job is running in another worker that was considered dead.
            TenureError: The database is unavailable.
        """
        actor = plugin_actor(self.plugin.name, self.tenant_id)
        async with database.write_transaction(self.tenant_id, actor.audit_name, actor.origin) as connection:
            if not await self._lock(connection):
                return
            actor = replace(actor, plugins=await enabled_plugins(connection, self.tenant_id))
            error = await self._attempt(connection, host, actor)
            if error is None:
                await connection.execute(RECORD_SUCCESS, self._parameters(due_at=self.due_at))
            else:
                await connection.execute(RECORD_FAILURE, self._parameters(error=error_summary(error)))
        if error is not None:
            raise _job_failed(self.plugin, self.job) from error

    async def _lock(self, connection: TenantConnection) -> bool:
        """Lock the job and return whether it has yet to run for this due time."""
        cursor = await connection.execute(LOCK_JOB, self._parameters())
        row = await cursor.fetchone()
        return row is not None and row[0] < self.due_at

    async def _attempt(self, connection: TenantConnection, host: Host, actor: Actor) -> Exception | None:
        """Run the job and return its error, if any. The writes of a failed job are rolled back."""
        try:
            async with (
                connection.transaction(),
                use_context(host.write_context(connection, actor), self.plugin) as context,
            ):
                await self.job.run(context)
        except Exception as error:
            log.warning("job failed", **self._names(), tenant=str(self.tenant_id), exc_info=error)
            return error
        return None

    def _names(self) -> dict[str, str]:
        return {"plugin": self.plugin.name, "job": self.job.name}

    def _parameters(self, **values: object) -> dict[str, object]:
        return {"tenant": self.tenant_id, **self._names(), **values}


async def run_database_job(
    database: Database, host: Host, settings: Settings, plugin: str, name: str
) -> None:
    """Run a job that has no tenant.

    Args:
        database: The database.
        host: The plugins of this process.
        settings: The settings that are passed to the job.
        plugin: The name of the plugin that registered the job.
        name: The name of the job.

    Raises:
        JobFailedError: The job raised an error.
        PluginError: The loaded plugins have no such job.
    """
    owner = host.find(plugin)
    job = _find_job(owner, name, DatabaseJob)
    try:
        await job.run(database, settings)
    except Exception as error:
        log.warning("job failed", plugin=plugin, job=name, exc_info=error)
        raise _job_failed(owner, job) from error


def _find_job(plugin: LoadedPlugin, name: str, job_class: type[J]) -> J:
    for job in plugin.registrations(job_class):
        if job.name == name:
            return job
    raise PluginError(
        f"The plugin {plugin.name} {plugin.manifest.version} has no job {name}.",
        "A worker with another version of the plugin may have it.",
    )


def _job_failed(plugin: LoadedPlugin, job: ScheduledJob) -> JobFailedError:
    return JobFailedError(f"The job {job.name} of the plugin {plugin.name} failed.")
