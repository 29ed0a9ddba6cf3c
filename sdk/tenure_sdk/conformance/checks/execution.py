"""Guarantee: an administrator can execute all operations and routes of the plugin, and its jobs succeed."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_sdk.conformance.fixtures.environment import Environment, Request, TenantData
from tenure_sdk.conformance.fixtures.operations import FILE
from tenure_sdk.conformance.fixtures.response_paths import leaves
from tenure_sdk.conformance.fixtures.row_factory import Records
from tenure_sdk.conformance.fixtures.sample_arguments import NoValueError
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.report import Check, Finding
from tenure_sdk.testing import Tenant

CHECK = Check("execution")

USER_ERRORS = "userErrors"
"""The field of mutation payloads with the reasons for a rejection."""

ERROR_FIELDS = ("code", "message")


async def check_execution(environment: Environment, data: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each operation, route or job that fails, is rejected or cannot be generated.

    An operation that is rejected for every caller would pass the later checks without proving anything. Each
    mutation gets another record, because the mutation before it may have deleted its record.

    Args:
        environment: The app with the plugin.
        data: The tenant that executes everything, with records that the mutations may change.
    """
    for field in environment.uncovered_fields:
        yield _finding(field, f"it requires arguments, and no operation in {FILE} selects it.", FILE)
    for request in environment.read_requests:
        if problem := await _find_problem(environment, request, data.tenant, data.records):
            yield _finding(request.where, problem, request.file)
    for number, request in enumerate(environment.write_requests):
        if problem := await _find_problem(environment, request, data.tenant, data.rotate_records(number)):
            yield _finding(request.where, problem, request.file)
    for name, problem in environment.job_errors.items():
        hint = "Fix the job: it runs for every tenant and must work with any data."
        yield CHECK.finding(name, f"The job fails: {problem}", hint)
    for subscription in environment.subscriptions:
        async with open_probe(environment, subscription, data.tenant, data) as received:
            if received.error_code:
                yield _finding(subscription.where, received.error_message, subscription.file)


async def _find_problem(environment: Environment, request: Request, tenant: Tenant, records: Records) -> str:
    """Execute a request and return the reason for its failure; "" if it succeeds."""
    try:
        response = await environment.send(request, tenant, records)
    except NoValueError as error:
        return str(error)
    if "errors" in response:
        return str(response["errors"][0]["message"])
    messages = [
        str(value)
        for path, value in leaves(response["data"])
        if USER_ERRORS in path and path[-1] in ERROR_FIELDS
    ]
    return f"the input is rejected: {' '.join(messages)}" if messages else ""


def _finding(where: str, problem: str, file: str) -> Finding:
    hint = (
        f"Fix it; or, if the generated arguments are unsuitable, add a request to {file} next to the plugin."
    )
    return CHECK.finding(where, f"It can't be executed: {problem}", hint)
