"""Health: how the plugins of a tenant fare with what they do by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin, implements
from tenure_core.postgres.database import TenantConnection

MOST_COUNTED = 100_000

BEGIN_DELIVERY = """
    INSERT INTO plugin_delivery (tenant_id, plugin, cursor)
    VALUES (%(tenant)s, %(plugin)s, tenure_feed_position(%(tenant)s))
    ON CONFLICT DO NOTHING
"""

BEGIN_JOBS = """
    INSERT INTO plugin_job (tenant_id, plugin, job, done_at)
    SELECT %(tenant)s, %(plugin)s, job, CASE WHEN at_once THEN 'epoch' ELSE now() END
    FROM unnest(%(jobs)s::text[], %(at_once)s::boolean[]) AS begun (job, at_once)
    ON CONFLICT DO NOTHING
"""

RESUME = """
    UPDATE plugin_delivery
    SET cursor = coalesce(cursor, tenure_feed_position(tenant_id)),
        moved_at = now(), attempts = 0, next_attempt_at = now(), parked_at = NULL, problem = NULL
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""

DELIVERIES = """
    SELECT plugin, tenure_feed_lag(tenant_id, cursor, %(most)s), attempts, parked_at IS NOT NULL, problem
    FROM plugin_delivery WHERE tenant_id = %(tenant)s
"""

FAILING_JOBS = """
    SELECT plugin, job, attempts, problem
    FROM plugin_job WHERE tenant_id = %(tenant)s AND problem IS NOT NULL
    ORDER BY plugin, job
"""


@dataclass(frozen=True, slots=True)
class PluginProblems:
    """How a plugin fares in a tenant.

    Args:
        lag: How many changes it has not heard of yet, of those that are kept; 100,000 stands for more. None
            where nobody tells it of changes, or those that come next are gone.
        problems: What went wrong and still does, a sentence or two each.
    """

    lag: int | None = None
    problems: tuple[str, ...] = ()


async def start_background_work(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> None:
    """Have a plugin hear of a tenant's changes, and do its jobs, from now on; what has begun goes on.

    A job that is done every so often is done at once for the first time; one with a time of its own waits
    for it.

    Args:
        connection: In a transaction of the tenant, which has the plugin enabled.
        plugin: The plugin.
        tenant_id: Whose changes.
    """
    names = {"tenant": tenant_id, "plugin": plugin.name}
    if implements(plugin.hooks, "on_change"):
        await connection.execute(BEGIN_DELIVERY, names)
    at_once = [job.every is not None for job in plugin.jobs]
    jobs = {"jobs": [job.name for job in plugin.jobs], "at_once": at_once}
    await connection.execute(BEGIN_JOBS, {**names, **jobs})


async def resume_subscription(connection: TenantConnection, plugin: str, tenant_id: uuid.UUID) -> None:
    """Tell a plugin of changes again, at once, where it failed or was parked.

    Where the changes that come next are gone, it goes on with those that come from now on.

    Args:
        connection: In a transaction of the tenant.
        plugin: The plugin's name.
        tenant_id: Whose changes.

    Raises:
        PluginError: The plugin has never been told of the tenant's changes.
    """
    done = await connection.execute(RESUME, {"tenant": tenant_id, "plugin": plugin})
    if done.rowcount == 0:
        raise PluginError(
            f"The plugin {plugin} is not told of this tenant's changes.",
            "Only a plugin with the hook on_change, which the tenant has enabled, can go on.",
        )


async def find_problems(connection: TenantConnection, tenant_id: uuid.UUID) -> Mapping[str, PluginProblems]:
    """Return how plugins fare in a tenant, by their names; those that are not there do nothing by themselves.

    Args:
        connection: Bound to the tenant.
        tenant_id: Which one.
    """
    found: dict[str, PluginProblems] = {}
    deliveries = await connection.execute(DELIVERIES, {"tenant": tenant_id, "most": MOST_COUNTED})
    for plugin, lag, attempts, parked, problem in await deliveries.fetchall():
        told = (_delivery_problem(plugin, lag, attempts, parked, problem),) if problem else ()
        found[plugin] = PluginProblems(lag, told)
    jobs = await connection.execute(FAILING_JOBS, {"tenant": tenant_id})
    for plugin, job, attempts, problem in await jobs.fetchall():
        known = found.get(plugin, PluginProblems())
        failed = f"The job {job} has failed {_times(attempts)}, at last with: {problem}. It is tried again."
        found[plugin] = PluginProblems(known.lag, (*known.problems, failed))
    return found


def _delivery_problem(plugin: str, lag: int | None, attempts: int, parked: bool, problem: str) -> str:
    if lag is None:
        return (
            f"The plugin was not told of changes for too long. {problem} Bring what it derives from changes "
            f'up to date, and call pluginResume(input: {{name: "{plugin}"}}): it goes on from that moment.'
        )
    failed = f"on_change has failed {_times(attempts)}, at last with: {problem}."
    if not parked:
        return f"{failed} It is tried again."
    return f'{failed} It is parked: mend it, and call pluginResume(input: {{name: "{plugin}"}}).'


def _times(attempts: int) -> str:
    return "once" if attempts == 1 else f"{attempts} times"
