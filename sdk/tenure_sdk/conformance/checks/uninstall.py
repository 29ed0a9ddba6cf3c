"""Guarantee: after the plugin was uninstalled, the database schema is the same as before its installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tenure_core.migrate.runner import upgrade
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.migrate.uninstall import Target, uninstall
from tenure_sdk.conformance.fixtures.dump_diff import diff_dumps
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("uninstall", "the schema is the same as before the installation")


def check_uninstall(installation: Installation) -> Iterator[Finding]:
    """Install the plugin, write rows and uninstall it; yield a finding if the schema differs afterwards."""
    url, plugins = installation.url, installation.plugin_set
    upgrade(url, plugins.alone, allow_destructive=True)
    installation.write_rows()
    with TemporaryDirectory() as folder:
        uninstall(Target(url, url, installation.settings), plugins.alone, plugins.name, Path(folder))
    if difference := diff_dumps(installation.initial_dump, dump_schema(url)):
        yield CHECK.finding(
            "database",
            f"The schema after the uninstallation differs from before the installation: {difference}.",
            "Undo all changes of upgrade() in downgrade().",
        )
