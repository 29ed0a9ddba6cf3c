"""Answering: each question and each mutation is answered to an administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_sdk.checks.arguments import NoValueError
from tenure_sdk.checks.findings import Finding
from tenure_sdk.checks.ground import Ground, Holding
from tenure_sdk.checks.questions import FILE, Question

CHECK = "answers"

MEND = f"Mend it; if it wants other arguments, write an operation with them into {FILE} beside the plugin."


async def failing(ground: Ground, holding: Holding) -> AsyncIterator[Finding]:
    """Yield a finding for each question or mutation that fails, or that the kit does not know how to ask.

    Args:
        ground: What to ask.
        holding: A tenant with rows, who asks.
    """
    for question in [*ground.questions, *ground.mutations]:
        if fails := await _failure(ground, question, holding):
            yield Finding(CHECK, question.where, f"It is not answered: {fails}", MEND)


async def _failure(ground: Ground, question: Question, holding: Holding) -> str:
    """Return why a question is not answered; "" where it is."""
    try:
        answer = await ground.ask(question, holding.tenant, holding.records)
    except NoValueError as error:
        return str(error)
    return answer["errors"][0]["message"] if "errors" in answer else ""
