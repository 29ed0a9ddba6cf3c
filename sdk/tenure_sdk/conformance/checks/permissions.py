"""Permitting: whoever lacks the plugin, or a right, is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.access.identity import Role
from tenure_core.postgres.statement_log import record_statements
from tenure_sdk.conformance.fixtures.environment import Environment, Executed, TenantData
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.fixtures.table_contents import diff_contents
from tenure_sdk.conformance.report import Finding
from tenure_sdk.testing import Tenant

CHECK = "permissions"

NOBODY = "nobody"
"""A role that nobody brings, so that it may do nothing."""

REQUIRE = "Call `context.require(permission)` first; or return entity references, write with `context.write`."

WITHOUT_PLUGIN = "a tenant that has not enabled the plugin"
WITHOUT_RIGHTS = "a role that may do nothing"
READING = "the role reader"


async def check_permissions(ground: Environment, holding: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for all that is answered to somebody who may not have it.

    Args:
        ground: What to ask and to change.
        holding: A tenant with rows.
    """
    without = await ground.tenure.opened(f"without {ground.plugin.name}", Role.ADMIN)
    nobody = await holding.tenant.acting_as(NOBODY)
    reader = await holding.tenant.acting_as(Role.READER)
    strangers = ((without, WITHOUT_PLUGIN), (nobody, WITHOUT_RIGHTS))
    for tenant, who in strangers:
        for asked in await _answered(ground, tenant, holding):
            yield _found(asked, f"It is answered to {who}.")
    for tenant, who in (*strangers, (reader, READING)):
        for mutation in ground.mutations:
            if done := await _done(ground, mutation, tenant, holding):
                yield _found(mutation, done.format(who))


async def _answered(ground: Environment, tenant: Tenant, holding: TenantData) -> list[Executed]:
    """Return what somebody is told who may be told nothing: questions, and subscriptions that are open."""
    open_: list[Executed] = []
    for subscription in ground.subscriptions:
        async with open_probe(ground, subscription, tenant, holding) as heard:
            open_ += [] if heard.refusal else [subscription]
    questions = [one for one in ground.questions if await _is_answered(ground, one, tenant, holding)]
    return [*questions, *open_]


async def _done(ground: Environment, mutation: Executed, tenant: Tenant, holding: TenantData) -> str:
    """Return what somebody has done, or was told, who was not refused; "" where he was."""
    before = await ground.contents()
    answered = await _is_answered(ground, mutation, tenant, holding)
    if changed := list(diff_contents(before, await ground.contents())):
        return f"It changes data for {{}}: {changed[0]}."
    return "It is answered to {}." if answered else ""


async def _is_answered(ground: Environment, question: Executed, tenant: Tenant, holding: TenantData) -> bool:
    """Return whether somebody is not refused, and told something from the database."""
    with record_statements() as statements:
        answer = await ground.attempt(question, tenant, holding.records)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    return bool(statements) and "FORBIDDEN" not in codes


def _found(question: Executed, what: str) -> Finding:
    return Finding(CHECK, question.where, what, REQUIRE)
