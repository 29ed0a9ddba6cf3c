"""The check of a plugin: all checks of the kit, one after the other, on databases of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from tenure_core.plugins.plugin import implements
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
)
from tenure_sdk.conformance.checks.installation import UNINSTALL, Installing
from tenure_sdk.conformance.fixtures.added_schema import AddedSchema
from tenure_sdk.conformance.fixtures.environment import run_environment
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet, load_plugin_set
from tenure_sdk.conformance.fixtures.row_factory import NoRowsError
from tenure_sdk.conformance.report import Finding, Report

ROWS = "rows"

FEW, MANY = 3, 12
"""How many rows of each entity the tenants have that questions are asked of."""


async def check_plugin(plugin: object, server_url: str, others: Iterable[object] | None = None) -> Report:
    """Return what is wrong with a plugin, after everything was tried on databases that are dropped again.

    Args:
        plugin: The plugin, as the module or object that holds its manifest and hooks.
        server_url: A PostgreSQL to make databases in, as a login that may.
        others: The plugins that it must get along with; None for all that are installed.

    Example:
        async def test_the_plugin_is_sound(tenure_server_url):
            report = await check_plugin(tenure_fleet.plugin, tenure_server_url)
            assert report.sound, report
    """
    begun = time.monotonic()
    company = load_plugin_set(plugin, others)
    report = Report(company.name)
    await _Checking(company, server_url, report).run()
    report.seconds = time.monotonic() - begun
    return report


class _Checking:
    """The checks of one plugin, one after the other.

    Args:
        company: The plugin, and those around it.
        server_url: A PostgreSQL to make databases in.
        report: Where all goes that is found.
    """

    def __init__(self, company: PluginSet, server_url: str, report: Report) -> None:
        self._company = company
        self._server_url = server_url
        self._report = report

    async def run(self) -> None:
        """Run the checks. Those on databases need a plugin that starts, and one that can be installed."""
        if self._note(loading.CHECK, loading.places(self._company), loading.check_loading(self._company)):
            return
        added = self._company.additions
        self._note(naming.CHECK, "names and descriptions in the schema", naming.check_names(added))
        self._note(
            breaking_changes.CHECK,
            breaking_changes.FILE,
            breaking_changes.check_breaking_changes(self._company.loaded, added),
        )
        try:
            if not await asyncio.to_thread(self._install):
                await self._try_out(added)
        except NoRowsError as error:
            refused = Finding(ROWS, error.entity, error.message, error.hint)
            self._note(ROWS, "made up for each entity", [refused])

    def _install(self) -> bool:
        """Bring the plugin into a database and out of it, and return whether it goes wrong."""
        with scratch_database(self._server_url) as url:
            installing = Installing(url, self._company)
            return (
                self._note(migrations.CHECK, "up, down and up again with rows", installing.migrations())
                or self._note(UNINSTALL, "the schema is as it was before", installing.removal())
                or self._note(loading.CHECK, loading.places(self._company), installing.serving())
            )

    async def _try_out(self, added: AddedSchema) -> None:
        """Ask and change all that the plugin lets clients ask and change."""
        company = self._company
        async with run_environment(self._server_url, company.loaded, company.required, added) as ground:
            few, many, tried = [await ground.tenant_data(count) for count in (FEW, MANY, MANY)]
            await self._gather(execution.CHECK, ground.summary, execution.check_execution(ground, tried))
            await self._gather(
                statement_count.CHECK,
                "of few rows and of many",
                statement_count.check_statement_count(ground, few, many),
            )
            await self._gather(
                tenant_isolation.CHECK, "none crosses", tenant_isolation.check_isolation(ground, few, many)
            )
            await self._gather(
                permissions.CHECK, "without plugin, or rights", permissions.check_permissions(ground, few)
            )
            if implements(company.loaded.hooks, "on_change"):
                await self._gather(
                    change_idempotency.CHECK,
                    "told everything twice",
                    change_idempotency.check_idempotency(ground),
                )

    async def _gather(self, check: str, what: str, findings: AsyncIterator[Finding]) -> None:
        self._note(check, what, [finding async for finding in findings])

    def _note(self, check: str, what: str, findings: Iterable[Finding]) -> bool:
        """Put down what a check has looked at and found, and return whether it has found something."""
        found = list(findings)
        self._report.proved[check] = what
        self._report.findings += found
        return bool(found)
