"""Permitting: whoever lacks the plugin, or a right, is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.identity import Role
from tenure_core.watching import watched
from tenure_sdk.checks.contents import altered
from tenure_sdk.checks.findings import Finding
from tenure_sdk.checks.ground import Ground, Holding
from tenure_sdk.checks.questions import Question
from tenure_sdk.trial import Tenant

CHECK = "permissions"

NOBODY = "nobody"
"""A role that nobody brings, so that it may do nothing."""

REQUIRE = "Call `context.require(permission)` first; or return entity references, write with `context.write`."

WITHOUT_PLUGIN = "a tenant that has not enabled the plugin"
WITHOUT_RIGHTS = "a role that may do nothing"
READING = "the role reader"


async def unguarded(ground: Ground, holding: Holding) -> AsyncIterator[Finding]:
    """Yield a finding for each question or mutation that is answered to somebody who may not have it.

    Args:
        ground: What to ask and to change.
        holding: A tenant with rows.
    """
    without = await ground.tenure.opened(f"without {ground.plugin.name}", Role.ADMIN)
    nobody = await holding.tenant.acting_as(NOBODY)
    reader = await holding.tenant.acting_as(Role.READER)
    strangers = ((without, WITHOUT_PLUGIN), (nobody, WITHOUT_RIGHTS))
    for question in ground.questions:
        for tenant, who in strangers:
            if await _is_answered(ground, question, tenant, holding):
                yield _found(question, f"It is answered to {who}.")
    for mutation in ground.mutations:
        for tenant, who in (*strangers, (reader, READING)):
            before = await ground.contents()
            answered = await _is_answered(ground, mutation, tenant, holding)
            if changed := list(altered(before, await ground.contents())):
                yield _found(mutation, f"It changes data for {who}: {changed[0]}.")
            elif answered:
                yield _found(mutation, f"It is answered to {who}.")


async def _is_answered(ground: Ground, question: Question, tenant: Tenant, holding: Holding) -> bool:
    """Return whether somebody is not refused, and told something from the database."""
    with watched() as statements:
        answer = await ground.attempt(question, tenant, holding.records)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    return bool(statements) and "FORBIDDEN" not in codes


def _found(question: Question, what: str) -> Finding:
    return Finding(CHECK, question.where, what, REQUIRE)
