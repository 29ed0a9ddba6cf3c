"""Runs: a job that is due, done once for a tenant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from tenure_core.access.identity import Actor
from tenure_core.errors import PluginError, PluginFailedError, error_summary
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.context import use_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database, TenantConnection

TAKE = """
    SELECT done_at
    FROM plugin_job JOIN tenant_plugin USING (tenant_id, plugin)
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s AND enabled
    FOR UPDATE OF plugin_job NOWAIT
"""

DONE = """
    UPDATE plugin_job SET done_at = greatest(now(), %(due_at)s), attempts = 0, problem = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s
"""

FAILED = """
    UPDATE plugin_job SET attempts = attempts + 1, problem = %(problem)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND job = %(job)s
"""

log = structlog.get_logger()


class JobFailedError(PluginFailedError):
    """A job of a plugin that raised; it is tried again."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job that is due for a tenant.

    Args:
        plugin: Whose job it is.
        job: The job.
        tenant_id: Whose data it works on.
        due_at: Since when it is due.
    """

    plugin: LoadedPlugin
    job: Job
    tenant_id: uuid.UUID
    due_at: datetime

    @classmethod
    def of(cls, host: Host, arguments: Mapping[str, str]) -> JobRun:
        """Return the run that stands in the queue.

        Raises:
            PluginError: This process does not know the job.
        """
        plugin = host[arguments["plugin"]]
        for job in plugin.jobs:
            if job.name == arguments["job"]:
                due_at = datetime.fromisoformat(arguments["due_at"])
                return cls(plugin, job, uuid.UUID(arguments["tenant_id"]), due_at)
        raise PluginError(
            f"The plugin {plugin.name} {plugin.manifest.version} has no job {arguments['job']}.",
            "A worker with another version of it may have.",
        )

    async def execute(self, database: Database, host: Host) -> None:
        """Do it, unless it was done meanwhile. What it writes is written once, whoever dies on the way.

        Raises:
            JobFailedError: It raised.
            ConflictError: It runs elsewhere, in a worker that seemed to be dead.
            TenureError: The database can't.
        """
        actor = plugin_actor(self.plugin.name, self.tenant_id)
        async with database.write_transaction(self.tenant_id, actor.audit_name, actor.origin) as connection:
            if not await self._lock(connection):
                return
            actor = replace(actor, plugins=await enabled_plugins(connection, self.tenant_id))
            failure = await self._attempt(connection, host, actor)
            if failure is None:
                await connection.execute(DONE, self._values(due_at=self.due_at))
            else:
                await connection.execute(FAILED, self._values(problem=error_summary(failure)))
        if failure is not None:
            raise JobFailedError(f"The job {self.job.name} of {self.plugin.name} failed.") from failure

    async def _lock(self, connection: TenantConnection) -> bool:
        cursor = await connection.execute(TAKE, self._values())
        found = await cursor.fetchone()
        return found is not None and found[0] < self.due_at

    async def _attempt(self, connection: TenantConnection, host: Host, actor: Actor) -> Exception | None:
        """Run the plugin's code, and return what it raised; then all is undone that it has written."""
        try:
            async with (
                connection.transaction(),
                use_context(connection, host.catalog, self.plugin, actor) as context,
            ):
                await self.job.run(context)
        except Exception as error:
            names = {"plugin": self.plugin.name, "job": self.job.name, "tenant": str(self.tenant_id)}
            log.warning("a job failed", **names, exc_info=error)
            return error
        return None

    def _values(self, **values: object) -> dict[str, object]:
        names = {"plugin": self.plugin.name, "job": self.job.name}
        return {"tenant": self.tenant_id, **names, **values}
