"""Guarantee: delivering the same changes to `on_change` twice has the same result as delivering them once."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.plugins.administration.status import find_problems
from tenure_sdk.conformance.fixtures.environment import ON_CHANGE, Environment, TenantData
from tenure_sdk.conformance.fixtures.table_contents import diff_contents
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("on_change", "no further writes when the same changes are delivered twice")

MAX_BATCHES = 50
"""Limit of batches. A plugin that has new changes after them reacts to its own writes without end."""

ROW_COUNT = 3

SELECT_CURSOR = "SELECT cursor FROM change_listener WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s"

UPDATE_CURSOR = """
    UPDATE change_listener SET cursor = %(cursor)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


async def check_idempotency(environment: Environment) -> AsyncIterator[Finding]:
    """Yield a finding if a second delivery of the same changes writes again.

    Args:
        environment: The app with the plugin, which implements `on_change`.
    """
    data = await environment.create_tenant_data(ROW_COUNT)
    await _delete_records(environment, data)
    first_cursor = await _read_cursor(environment, data)
    if finding := await _deliver(environment, data):
        yield finding
        return
    before = await environment.read_contents()
    await _move_cursor(environment, data, first_cursor)
    if finding := await _deliver(environment, data):
        yield finding
        return
    for difference in diff_contents(before, await environment.read_contents()):
        message = f"A second delivery of the same changes writes again: {difference}."
        hint = "Use upserts that are matched by keys derived from the changed records."
        yield CHECK.finding(ON_CHANGE, message, hint)


async def _delete_records(environment: Environment, data: TenantData) -> None:
    """Delete a record of each entity, so that there are deletions among the changes."""
    async with data.tenant.context(environment.plugin.name) as context:
        for name, ids in reversed(data.records.items()):
            await context.write.delete(environment.tenure.catalog[name].entity_class, ids[-1:])


async def _deliver(environment: Environment, data: TenantData) -> Finding | None:
    """Deliver changes until there are none left, including the plugin's own; return a finding on failure."""
    tenure, tenant_id = environment.tenure, data.tenant.id
    batch = ChangeBatch(tenure.database, tenure.host, tenure.settings, environment.plugin, tenant_id)
    for _ in range(MAX_BATCHES):
        await batch.next_batch()
        async with tenure.database.tenant_connection(tenant_id) as connection:
            status = (await find_problems(connection, tenant_id))[environment.plugin.name]
        if status.problems:
            return CHECK.finding(ON_CHANGE, status.problems[0], "Fix the code that raises the exception.")
        if status.lag == 0:
            return None
    message = f"The plugin reacts to its own writes with new writes, without end ({MAX_BATCHES} batches)."
    return CHECK.finding(ON_CHANGE, message, "Write only records whose values differ from the stored ones.")


async def _read_cursor(environment: Environment, data: TenantData) -> str:
    async with environment.tenure.database.tenant_connection(data.tenant.id) as connection:
        result = await connection.execute(SELECT_CURSOR, _parameters(environment, data))
        [(cursor,)] = await result.fetchall()
    return str(cursor)


async def _move_cursor(environment: Environment, data: TenantData, cursor: str) -> None:
    async with environment.tenure.database.tenant_connection(data.tenant.id) as connection:
        await connection.execute(UPDATE_CURSOR, {**_parameters(environment, data), "cursor": cursor})


def _parameters(environment: Environment, data: TenantData) -> dict[str, object]:
    return {"tenant": data.tenant.id, "plugin": environment.plugin.name}
