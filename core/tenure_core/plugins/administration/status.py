"""Starts and resumes the background work of plugins in a tenant, and reports its failures."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import TenantConnection

MAX_LAG = 100_000

CREATE_LISTENER = """
    INSERT INTO change_listener (tenant_id, plugin, cursor)
    VALUES (%(tenant)s, %(plugin)s, tenure_current_cursor(%(tenant)s))
    ON CONFLICT DO NOTHING
"""

CREATE_JOBS = """
    INSERT INTO plugin_job (tenant_id, plugin, job, completed_at)
    SELECT %(tenant)s, %(plugin)s, job, CASE WHEN has_interval THEN 'epoch' ELSE now() END
    FROM unnest(%(jobs)s::text[], %(has_interval)s::boolean[]) AS created (job, has_interval)
    ON CONFLICT DO NOTHING
"""

RESUME_LISTENER = """
    UPDATE change_listener
    SET cursor = coalesce(cursor, tenure_current_cursor(tenant_id)),
        advanced_at = now(), attempts = 0, next_attempt_at = now(), paused_at = NULL, last_error = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

SELECT_LISTENERS = """
    SELECT
        plugin, tenure_cursor_lag(tenant_id, cursor, %(max_lag)s), attempts, paused_at IS NOT NULL, last_error
    FROM change_listener WHERE tenant_id = %(tenant)s
"""

SELECT_FAILING_JOBS = """
    SELECT plugin, job, attempts, last_error
    FROM plugin_job WHERE tenant_id = %(tenant)s AND last_error IS NOT NULL
    ORDER BY plugin, job
"""


@dataclass(frozen=True, slots=True)
class PluginProblems:
    """The lag and the failures of a plugin's background work in a tenant.

    Args:
        lag: The number of changes that have not been delivered yet, at most 100,000. None if the plugin has
            no change listener, or if the next changes are no longer stored.
        problems: The current failures, one or two sentences each.
    """

    lag: int | None = None
    problems: tuple[str, ...] = ()


async def start_background_work(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> None:
    """Start the change listener and the jobs of a plugin in a tenant; what was started before continues.

    The change listener starts at the current position of the change feed. A job with an interval runs
    immediately for the first time; a job with a cron expression runs at its next due time.

    Args:
        connection: A connection in a transaction of the tenant, which has enabled the plugin.
        plugin: The plugin.
        tenant_id: The tenant.
    """
    names = {"tenant": tenant_id, "plugin": plugin.name}
    if plugin.hooks.implements("on_change"):
        await connection.execute(CREATE_LISTENER, names)
    jobs = plugin.registrations(Job)
    columns = {"jobs": [job.name for job in jobs], "has_interval": [job.every is not None for job in jobs]}
    await connection.execute(CREATE_JOBS, {**names, **columns})


async def resume_change_listener(connection: TenantConnection, plugin: str, tenant_id: uuid.UUID) -> None:
    """Resume the delivery of changes to a plugin immediately, after failures or a pause.

    If the next changes are no longer stored, delivery continues at the current position of the change feed.

    Args:
        connection: A connection in a transaction of the tenant.
        plugin: The name of the plugin.
        tenant_id: The tenant.

    Raises:
        PluginError: The plugin has no change listener in this tenant.
    """
    cursor = await connection.execute(RESUME_LISTENER, {"tenant": tenant_id, "plugin": plugin})
    if cursor.rowcount == 0:
        raise PluginError(
            f"The plugin {plugin} has no change listener in this tenant.",
            "Only a plugin that implements on_change and that the tenant has enabled can be resumed.",
        )


async def find_problems(connection: TenantConnection, tenant_id: uuid.UUID) -> Mapping[str, PluginProblems]:
    """Return the lag and the failures of plugins in a tenant by plugin name.

    Args:
        connection: A connection that is bound to the tenant.
        tenant_id: The tenant.

    Returns:
        No entry for plugins without a change listener and without a failing job.
    """
    by_plugin: dict[str, PluginProblems] = {}
    listeners = await connection.execute(SELECT_LISTENERS, {"tenant": tenant_id, "max_lag": MAX_LAG})
    for plugin, lag, attempts, is_paused, error in await listeners.fetchall():
        problems = (_describe_listener(plugin, lag, attempts, is_paused, error),) if error else ()
        by_plugin[plugin] = PluginProblems(lag, problems)
    jobs = await connection.execute(SELECT_FAILING_JOBS, {"tenant": tenant_id})
    for plugin, job, attempts, error in await jobs.fetchall():
        known = by_plugin.get(plugin, PluginProblems())
        problem = f"The job {job} failed {_format_count(attempts)}. Last error: {error}. It will be retried."
        by_plugin[plugin] = PluginProblems(known.lag, (*known.problems, problem))
    return by_plugin


def _describe_listener(plugin: str, lag: int | None, attempts: int, is_paused: bool, error: str) -> str:
    resume = f'call pluginChangeListenerResume(input: {{name: "{plugin}"}})'
    if lag is None:
        return (
            f"Changes were undelivered for too long. {error} Rebuild the data that the "
            f"plugin derives from changes, and {resume} to continue from the current position of the feed."
        )
    failure = f"on_change failed {_format_count(attempts)}. Last error: {error}."
    if not is_paused:
        return f"{failure} It will be retried."
    return f"{failure} Delivery is paused: correct the cause, and {resume}."


def _format_count(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times"
