"""Replaying: `on_change` makes nothing new of changes that it has heard of before."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.plugins.administration.status import find_problems
from tenure_sdk.conformance.fixtures.environment import Environment, TenantData
from tenure_sdk.conformance.fixtures.table_contents import diff_contents
from tenure_sdk.conformance.report import Finding

CHECK = "on_change"

MOST_BATCHES = 50
"""After how many batches a plugin is thought to go on for ever, since it makes changes of its own changes."""

SAME = "Upsert what follows from the changed records, under keys that follow from theirs."

ROWS = 3

CURSOR = "SELECT cursor FROM plugin_delivery WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s"

REWIND = """
    UPDATE plugin_delivery SET cursor = %(cursor)s
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


async def check_idempotency(ground: Environment) -> AsyncIterator[Finding]:
    """Yield a finding where changes that are told twice leave something else than those told once.

    Args:
        ground: Where the plugin runs, which implements the hook.
    """
    holding = await ground.tenant_data(ROWS)
    await _delete_some(ground, holding)
    begin = await _cursor(ground, holding)
    if wrong := await _deliver(ground, holding):
        yield wrong
        return
    before = await ground.contents()
    await _rewind(ground, holding, begin)
    wrong = await _deliver(ground, holding)
    for change in [] if wrong else diff_contents(before, await ground.contents()):
        yield Finding(
            CHECK, "on_change", f"Told the same changes twice, it makes more of them: {change}.", SAME
        )
    if wrong:
        yield wrong


async def _delete_some(ground: Environment, holding: TenantData) -> None:
    """Delete a record of each entity, so that the plugin hears of that, too; it may refuse."""
    async with holding.tenant.context(ground.plugin.name) as context:
        for name, ids in reversed(holding.records.items()):
            await context.write.delete(ground.tenure.catalog[name].entity_class, ids[-1:])


async def _deliver(ground: Environment, holding: TenantData) -> Finding | None:
    """Tell the plugin of changes until there are none, also of those that it makes itself.

    Returns:
        What went wrong, if something did.
    """
    tenure, tenant_id = ground.tenure, holding.tenant.id
    delivery = ChangeBatch(tenure.database, tenure.host, tenure.settings, ground.plugin, tenant_id)
    for _ in range(MOST_BATCHES):
        await delivery.next_batch()
        async with tenure.database.tenant_connection(tenant_id) as connection:
            told = (await find_problems(connection, tenant_id))[ground.plugin.name]
        if told.problems:
            return Finding(CHECK, "on_change", told.problems[0], "Mend what it names.")
        if told.lag == 0:
            return None
    what = "It never comes to rest: told of what it has written, it writes again."
    return Finding(CHECK, "on_change", what, "Write nothing where all is as it should be.")


async def _cursor(ground: Environment, holding: TenantData) -> str:
    async with ground.tenure.database.tenant_connection(holding.tenant.id) as connection:
        found = await connection.execute(CURSOR, _names(ground, holding))
        [(cursor,)] = await found.fetchall()
    return str(cursor)


async def _rewind(ground: Environment, holding: TenantData, cursor: str) -> None:
    async with ground.tenure.database.tenant_connection(holding.tenant.id) as connection:
        await connection.execute(REWIND, {**_names(ground, holding), "cursor": cursor})


def _names(ground: Environment, holding: TenantData) -> dict[str, object]:
    return {"tenant": holding.tenant.id, "plugin": ground.plugin.name}
