"""Counting: each question takes as many statements for many rows as for few."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.postgres.statement_log import record_statements
from tenure_sdk.conformance.fixtures.environment import Environment, Executed, TenantData
from tenure_sdk.conformance.report import Finding

CHECK = "statements"


async def check_statement_count(
    ground: Environment, few: TenantData, many: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each question that takes more statements the more rows there are.

    Args:
        ground: What to ask.
        few: A tenant with few rows.
        many: A tenant with more.
    """
    for question in ground.questions:
        if not question.single and await _grows(ground, question, few, many):
            for narrow in await _narrowed(ground, question, few, many):
                counts = await _count(ground, narrow, few), await _count(ground, narrow, many)
                yield _found(narrow, *counts)


async def _narrowed(
    ground: Environment, question: Executed, few: TenantData, many: TenantData
) -> list[Executed]:
    """Return the question for each part alone that grows by itself, or the whole where none does."""
    parts = [one for one in question.narrowed() if await _grows(ground, one, few, many)]
    return parts or [question]


async def _grows(ground: Environment, question: Executed, few: TenantData, many: TenantData) -> bool:
    return await _count(ground, question, few) < await _count(ground, question, many)


async def _count(ground: Environment, question: Executed, holding: TenantData) -> int:
    """Return how many statements a question takes, when it has been asked before."""
    await ground.attempt(question, holding.tenant, holding.records)
    with record_statements() as statements:
        await ground.attempt(question, holding.tenant, holding.records)
    return len(statements)


def _found(question: Executed, few: int, many: int) -> Finding:
    return Finding(
        CHECK,
        question.where,
        f"It takes {few} statements for few rows and {many} for more.",
        "Read in one statement what all rows need: a BatchField gets all of them at once; a resolver has "
        "`info.context.load` and `load_referring`, or returns entity references.",
    )
