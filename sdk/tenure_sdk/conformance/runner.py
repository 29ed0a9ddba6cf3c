"""`check_plugin`, which runs all conformance checks on a plugin in temporary databases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from tenure_core.postgres.scratch_database import scratch_database
from tenure_sdk.conformance.checks import (
    breaking_changes,
    change_idempotency,
    execution,
    loading,
    migrations,
    naming,
    permissions,
    statement_count,
    tenant_isolation,
    uninstall,
)
from tenure_sdk.conformance.fixtures.environment import ON_CHANGE, Environment, run_environment
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet, load_plugin_set
from tenure_sdk.conformance.fixtures.row_factory import NoRowsError
from tenure_sdk.conformance.report import Check, Finding, Report

SAMPLE_ROWS = Check("sample rows", "generated for each entity")

FEW_ROWS, MANY_ROWS = 3, 12
"""Numbers of rows per entity in the tenants of the checks."""


async def check_plugin(
    plugin: object, server_url: str, other_plugins: Iterable[object] | None = None
) -> Report:
    """Run the conformance checks on a plugin, in temporary databases, and return the findings.

    Args:
        plugin: The plugin: the module or object with its manifest and hooks.
        server_url: The URL of a PostgreSQL server, with a login that may create databases.
        other_plugins: The plugins that the plugin is loaded together with; None for all installed plugins.

    Example:
        async def test_the_plugin_passes_the_conformance_checks(tenure_server_url):
            report = await check_plugin(tenure_fleet.plugin, tenure_server_url)
            assert report.passed, report
    """
    start = time.monotonic()
    plugin_set = load_plugin_set(plugin, other_plugins)
    report = Report(plugin_set.name)
    await _Runner(plugin_set, server_url, report).run()
    report.seconds = time.monotonic() - start
    return report


class _Runner:
    """Runs the checks one after the other and writes their findings to a report."""

    def __init__(self, plugin_set: PluginSet, server_url: str, report: Report) -> None:
        self._plugin_set = plugin_set
        self._server_url = server_url
        self._report = report

    async def run(self) -> None:
        """Run the checks. Later checks need a plugin that can be loaded and installed."""
        plugins = self._plugin_set
        if not self._record(loading.CHECK, loading.check_loading(plugins), loading.describe_scope(plugins)):
            return
        self._record(naming.CHECK, naming.check_names(plugins.additions))
        self._record(
            breaking_changes.CHECK,
            breaking_changes.check_breaking_changes(plugins.loaded_plugin, plugins.additions),
        )
        try:
            if await asyncio.to_thread(self._check_installation):
                await self._check_execution()
        except NoRowsError as error:
            self._record(SAMPLE_ROWS, [SAMPLE_ROWS.finding(error.entity, error.message, error.hint)])

    def _check_installation(self) -> bool:
        """Install and uninstall the plugin in a temporary database."""
        with scratch_database(self._server_url) as url:
            installation = Installation(url, self._plugin_set)
            scope = loading.describe_scope(self._plugin_set)
            return (
                self._record(migrations.CHECK, migrations.check_migrations(installation))
                and self._record(uninstall.CHECK, uninstall.check_uninstall(installation))
                and self._record(loading.CHECK, loading.check_startup(installation), scope)
            )

    async def _check_execution(self) -> None:
        """Run the checks that send requests to the running app."""
        plugins = self._plugin_set
        async with run_environment(
            self._server_url, plugins.loaded_plugin, plugins.required, plugins.additions
        ) as environment:
            await self._check_requests(environment)
            if plugins.loaded_plugin.hooks.implements(ON_CHANGE):
                findings = change_idempotency.check_idempotency(environment)
                await self._collect(change_idempotency.CHECK, findings)

    async def _check_requests(self, environment: Environment) -> None:
        few, many, changing = [
            await environment.create_tenant_data(count) for count in (FEW_ROWS, MANY_ROWS, MANY_ROWS)
        ]
        findings = execution.check_execution(environment, changing)
        await self._collect(execution.CHECK, findings, environment.summary)
        findings = statement_count.check_statement_count(environment, few, many)
        await self._collect(statement_count.CHECK, findings)
        await self._collect(tenant_isolation.CHECK, tenant_isolation.check_isolation(environment, few, many))
        await self._collect(permissions.CHECK, permissions.check_permissions(environment, few))

    async def _collect(self, check: Check, findings: AsyncIterator[Finding], scope: str = "") -> None:
        self._record(check, [finding async for finding in findings], scope)

    def _record(self, check: Check, findings: Iterable[Finding], scope: str = "") -> bool:
        """Add a check and its findings to the report, and return whether there are none."""
        new_findings = list(findings)
        self._report.scopes[check.name] = scope or check.scope
        self._report.findings += new_findings
        return not new_findings
