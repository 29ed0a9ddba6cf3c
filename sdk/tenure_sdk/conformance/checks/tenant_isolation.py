"""Guarantee: no tenant sees or changes data of another tenant, even without row-level security."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from tenure_core.postgres.owner_connection import connect
from tenure_sdk.conformance.fixtures.environment import Environment, Request, TenantData, run_and_catch
from tenure_sdk.conformance.fixtures.response_paths import ResponsePath, find_difference, find_marker
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.fixtures.table_contents import Contents, diff_contents
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("isolation", "no data of other tenants, with and without row-level security")

NEW_TENANT_ROW_COUNT = 2

HINT = (
    "Compare the tenant in each statement (`Car.tenant_id == row.c.tenant_id`), and keep no data in "
    "variables between requests."
)

WITHOUT_RLS = "Without row-level security:"


async def check_isolation(
    environment: Environment, own: TenantData, other: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each request or background task that crosses from one tenant to another.

    All requests are repeated without row-level security, which is the second line of defense: each statement
    must compare the tenant.

    Args:
        environment: The app with the plugin.
        own: The tenant that sends the requests.
        other: Another tenant with rows.
    """
    with_rls = [finding async for finding in _find_violations(environment, own, other)]
    async with _row_security_disabled(environment):
        without_rls = [
            replace(finding, message=f"{WITHOUT_RLS} {finding.message}")
            async for finding in _find_violations(environment, own, other)
        ]
    reported: set[str] = set()
    for finding in [*with_rls, *without_rls]:
        if (field := _reported_field(finding.where)) not in reported:
            reported.add(field)
            yield finding


def _reported_field(where: str) -> str:
    """Return the last field of a path: a field is part of its own type and of the types that lead to it."""
    return where if "/" in where else where.rpartition(".")[2]


async def _find_violations(
    environment: Environment, own: TenantData, other: TenantData
) -> AsyncIterator[Finding]:
    for check in (_check_reads, _check_reads_by_id, _check_writes):
        async for finding in check(environment, own, other):
            yield finding
    for check_own in (_check_subscriptions, _check_background_tasks):
        async for finding in check_own(environment, own):
            yield finding


async def _check_reads(
    environment: Environment, own: TenantData, other: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each query or route whose response contains or depends on data of another tenant.

    The requests are sent before and after a new tenant was created. A response that differs each time, for
    example because it contains the current time, is ignored.
    """
    before = await _send_reads(environment, own)
    new = await environment.create_tenant_data(NEW_TENANT_ROW_COUNT)
    responses_of_new = await _send_reads(environment, new)
    after, repeated = await _send_reads(environment, own), await _send_reads(environment, own)
    responses = zip(environment.read_requests, before, after, repeated, responses_of_new, strict=True)
    for request, first, second, third, response_of_new in responses:
        path = find_marker(second, [*other.markers, *new.markers]) or find_marker(
            response_of_new, own.markers
        )
        if path:
            yield _finding(request, path, "It returns data of another tenant.")
        elif first != second == third:
            message = "Its value changes when another tenant gets data."
            yield _finding(request, find_difference(first, second), message)


async def _check_reads_by_id(
    environment: Environment, own: TenantData, other: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each query or route that returns a record of another tenant for its id."""
    for request in environment.read_requests:
        if request.variables:
            data = await _read_data(environment, request, own, other)
            if path := find_marker(data, other.markers):
                yield _finding(request, path, "It returns data of another tenant for the id of its record.")


async def _check_writes(
    environment: Environment, own: TenantData, other: TenantData
) -> AsyncIterator[Finding]:
    """Yield a finding for each mutation or route that returns or changes a record of another tenant."""
    for request in [*environment.delete_mutations, *environment.write_requests]:
        before = await _read_contents_of(environment, other)
        response = await environment.try_send(request, own.tenant, other.records)
        if find_marker(response, [other.mark]):
            yield _finding(request, (), "It returns data of another tenant for the id of its record.")
        if changes := list(diff_contents(before, await _read_contents_of(environment, other))):
            yield _finding(request, (), f"It changes data of another tenant: {changes[0]}.")


async def _check_subscriptions(environment: Environment, own: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each subscription that sends events of another tenant."""
    for subscription in environment.subscriptions:
        async with open_probe(environment, subscription, own.tenant, own) as received:
            new = await environment.create_tenant_data(NEW_TENANT_ROW_COUNT)
            if find_marker(await received.wait_for_all(), new.markers):
                yield _finding(subscription, (), "It sends events of another tenant.")


async def _check_background_tasks(environment: Environment, own: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each job or change listener that changes data of another tenant."""
    new = await environment.create_tenant_data(NEW_TENANT_ROW_COUNT)
    for name, task in environment.background_tasks(new.tenant).items():
        before = await _read_contents_of(environment, own)
        await run_and_catch(task)
        if changes := list(diff_contents(before, await _read_contents_of(environment, own))):
            yield CHECK.finding(name, f"It changes data of another tenant: {changes[0]}.", HINT)


async def _send_reads(environment: Environment, own: TenantData) -> list[object]:
    return [await _read_data(environment, request, own, own) for request in environment.read_requests]


async def _read_data(
    environment: Environment, request: Request, own: TenantData, referenced: TenantData
) -> object:
    """Return the data of a response to a tenant, for ids of records of the same or another tenant."""
    return (await environment.try_send(request, own.tenant, referenced.records)).get("data")


def _finding(request: Request, path: ResponsePath, message: str) -> Finding:
    return CHECK.finding(".".join(path) or request.where, message, HINT)


async def _read_contents_of(environment: Environment, data: TenantData) -> Contents:
    prefix = f"{data.tenant.id}/"
    return {
        table: {key: row for key, row in rows.items() if key.startswith(prefix)}
        for table, rows in (await environment.read_contents()).items()
    }


@asynccontextmanager
async def _row_security_disabled(environment: Environment) -> AsyncIterator[None]:
    """Disable row-level security of all tables with data of tenants, in the temporary database."""
    tables = await environment.read_contents()
    await asyncio.to_thread(_alter_row_security, environment, tables, "DISABLE")
    yield
    await asyncio.to_thread(_alter_row_security, environment, tables, "ENABLE")


def _alter_row_security(environment: Environment, tables: Iterable[str], action: str) -> None:
    with connect(environment.tenure.settings.database_url) as connection:
        for table in tables:
            connection.execute(f'ALTER TABLE "{table}" {action} ROW LEVEL SECURITY'.encode())
