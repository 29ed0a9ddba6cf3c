"""Guarantee: the number of statements of a query or route does not depend on the number of rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.postgres.statement_log import record_statements
from tenure_sdk.conformance.fixtures.environment import Environment, Request, TenantData
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("statements", "the same number for few rows and for many rows")

HINT = (
    "Read the data of all rows in one statement: a BatchField gets all rows in one call; a resolver can use "
    "`info.context.load` and `load_related`, or return entity references."
)


async def check_statement_count(
    environment: Environment, few: TenantData, many: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each query or route that executes more statements for more rows.

    Args:
        environment: The app with the plugin.
        few: A tenant with few rows.
        many: A tenant with more rows.
    """
    for request in environment.read_requests:
        if request.is_single_record or not await _is_growing(environment, request, few, many):
            continue
        for part in await _growing_parts(environment, request, few, many):
            counts = await _count(environment, part, few), await _count(environment, part, many)
            message = "It executes {} statements for few rows and {} for many rows.".format(*counts)
            yield CHECK.finding(part.where, message, HINT)


async def _growing_parts(
    environment: Environment, request: Request, few: TenantData, many: TenantData
) -> list[Request]:
    """Return the selections whose number of statements grows; the whole request if none does."""
    parts = [part for part in request.split() if await _is_growing(environment, part, few, many)]
    return parts or [request]


async def _is_growing(environment: Environment, request: Request, few: TenantData, many: TenantData) -> bool:
    return await _count(environment, request, few) < await _count(environment, request, many)


async def _count(environment: Environment, request: Request, data: TenantData) -> int:
    """Return the number of statements of a request. It is sent once before, so that caches are filled."""
    await environment.try_send(request, data.tenant, data.records)
    with record_statements() as statements:
        await environment.try_send(request, data.tenant, data.records)
    return len(statements)
