"""Guarantee: callers without the plugin or without the permission get no data and change no data."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tenure_core.access.identity import Role
from tenure_core.postgres.statement_log import record_statements
from tenure_sdk.conformance.fixtures.environment import Environment, Request, TenantData
from tenure_sdk.conformance.fixtures.subscription_probe import open_probe
from tenure_sdk.conformance.fixtures.table_contents import diff_contents
from tenure_sdk.conformance.report import Check, Finding
from tenure_sdk.testing import Tenant

CHECK = Check("permissions", "required by all operations and routes")

UNKNOWN_ROLE = "nobody"
"""A role that no plugin defines, and that therefore has no permissions."""

WITHOUT_PLUGIN = "a tenant that has not enabled the plugin"
WITHOUT_PERMISSIONS = "a role without permissions"
READ_ONLY = "the role reader"

HINT = (
    "Call `context.require(permission)` first; or return entity references and write with `context.write`, "
    "which check permissions."
)


async def check_permissions(environment: Environment, data: TenantData) -> AsyncIterator[Finding]:
    """Yield a finding for each request that succeeds for a caller without permission.

    Args:
        environment: The app with the plugin.
        data: A tenant with records.
    """
    disabled = await environment.tenure.open_tenant(f"without {environment.plugin.name}", Role.ADMIN)
    unknown_role = await data.tenant.with_role(UNKNOWN_ROLE)
    reader = await data.tenant.with_role(Role.READER)
    unauthorized = ((disabled, WITHOUT_PLUGIN), (unknown_role, WITHOUT_PERMISSIONS))
    for tenant, caller in unauthorized:
        for request in await _find_permitted_reads(environment, tenant, data):
            yield CHECK.finding(request.where, f"It returns data to {caller}.", HINT)
    for tenant, caller in (*unauthorized, (reader, READ_ONLY)):
        for request in environment.write_requests:
            if message := await _find_permitted_write(environment, request, tenant, data):
                yield CHECK.finding(request.where, message.format(caller), HINT)


async def _find_permitted_reads(environment: Environment, tenant: Tenant, data: TenantData) -> list[Request]:
    """Return the queries, routes and subscriptions that are permitted to a caller who may read nothing."""
    permitted: list[Request] = [
        request
        for request in environment.read_requests
        if await _is_permitted(environment, request, tenant, data)
    ]
    for subscription in environment.subscriptions:
        async with open_probe(environment, subscription, tenant, data) as received:
            if not received.error_code:
                permitted.append(subscription)
    return permitted


async def _find_permitted_write(
    environment: Environment, request: Request, tenant: Tenant, data: TenantData
) -> str:
    """Return what a caller who may write nothing can do, with `{}` for the caller; "" if nothing."""
    before = await environment.read_contents()
    is_permitted = await _is_permitted(environment, request, tenant, data)
    if changes := list(diff_contents(before, await environment.read_contents())):
        return f"It changes data for {{}}: {changes[0]}."
    return "It returns data to {}." if is_permitted else ""


async def _is_permitted(environment: Environment, request: Request, tenant: Tenant, data: TenantData) -> bool:
    """Return whether a request executes statements and is not rejected with FORBIDDEN."""
    with record_statements() as statements:
        response = await environment.try_send(request, tenant, data.records)
    codes = {error["extensions"]["code"] for error in response.get("errors", ())}
    return bool(statements) and "FORBIDDEN" not in codes
