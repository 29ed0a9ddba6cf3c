"""Answering: all that clients can ask and do is answered to an administrator."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_sdk.conformance.fixtures.environment import Environment, Executed, TenantData
from tenure_sdk.conformance.fixtures.operations import FILE
from tenure_sdk.conformance.fixtures.response_paths import leaves
from tenure_sdk.conformance.fixtures.row_factory import Records
from tenure_sdk.conformance.fixtures.sample_arguments import NoValueError
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.report import Finding
from tenure_sdk.testing import Tenant

CHECK = "answers"

USER_ERRORS = "userErrors"
"""Where mutations say why they refuse what they were given."""

TELLING = ("code", "message")

MEND = "Mend it; if it wants something else than was made up, write that into {} beside the plugin."


async def check_execution(ground: Environment, holding: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for all that fails, is refused, or that the kit does not know how to ask.

    What is refused whoever asks would prove nothing in the checks that follow. Each mutation is tried on a
    record of its own, for the one before it may have removed its.

    Args:
        ground: What to ask.
        holding: A tenant with rows, who asks, and whose rows are changed by it.
    """
    for field in ground.unasked:
        yield _found(field, "nobody knows what to give it, for it wants arguments.", FILE)
    for question in ground.questions:
        if fails := await _failure(ground, question, holding.tenant, holding.records):
            yield _found(question.where, fails, question.file)
    for number, mutation in enumerate(ground.mutations):
        if fails := await _failure(ground, mutation, holding.tenant, holding.beginning_at(number)):
            yield _found(mutation.where, fails, mutation.file)
    for name, problem in ground.failed.items():
        mend = "Mend it: it is run for every tenant, whatever data there are."
        yield Finding(CHECK, name, f"It fails: {problem}", mend)
    for subscription in ground.subscriptions:
        async with open_probe(ground, subscription, holding.tenant, holding) as heard:
            if heard.refusal:
                yield _found(subscription.where, heard.reason, subscription.file)


async def _failure(ground: Environment, asked: Executed, tenant: Tenant, records: Records) -> str:
    """Return why something is not answered; "" where it is."""
    try:
        answer = await ground.ask(asked, tenant, records)
    except NoValueError as error:
        return str(error)
    if "errors" in answer:
        return str(answer["errors"][0]["message"])
    told = [value for place, value in leaves(answer["data"]) if USER_ERRORS in place and place[-1] in TELLING]
    return f"it is refused: {' '.join(map(str, told))}" if told else ""


def _found(where: str, fails: str, file: str) -> Finding:
    return Finding(CHECK, where, f"It is not answered: {fails}", MEND.format(file))
