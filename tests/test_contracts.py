"""Import contracts: the tree satisfies each of them, and each detects a violation. Rules for files in git."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("core", "schema", "sdk", "migrations", "plugins/manufacturing")
TYPE_IMPORT = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {}"
"""An import for types only; contracts apply to it, too."""

ALLOWED_IMPORTS = {
    "tenure_core": set(),
    "tenure_schema": {"tenure_core"},
    "tenure_sdk": {"tenure_core", "tenure_schema"},
    "tenure_migrations": set(),
}
VIOLATIONS = [
    ("distributions", "core/tenure_core/entities/naming.py", "import tenure_schema"),
    ("distributions", "core/tenure_core/entities/naming.py", "import tenure_sdk"),
    ("distributions", "schema/tenure_schema/http/ide_files.py", "import tenure_sdk"),
    ("core-packages", "core/tenure_core/plugins/actor.py", "import tenure_core.background.runtime"),
    ("core-packages", "core/tenure_core/migrate/runner.py", "import tenure_core.background.runtime"),
    ("core-packages", "core/tenure_core/changes/change.py", "import tenure_core.plugins.manifest"),
    ("core-packages", "core/tenure_core/write/diffs.py", "import tenure_core.changes.change"),
    ("core-packages", "core/tenure_core/query/request.py", "import tenure_core.write.results"),
    ("core-packages", "core/tenure_core/access/identity.py", "import tenure_core.query.request"),
    ("core-packages", "core/tenure_core/catalog/external_refs.py", "import tenure_core.access.identity"),
    (
        "core-packages",
        "core/tenure_core/entities/naming.py",
        TYPE_IMPORT.format("tenure_core.catalog.catalog"),
    ),
    ("core-packages", "core/tenure_core/postgres/tasks.py", "import tenure_core.entities.naming"),
    ("core-packages", "core/tenure_core/settings.py", "import tenure_core.postgres.tasks"),
    ("core-packages", "core/tenure_core/errors.py", "import tenure_core.settings"),
    ("schema-packages", "schema/tenure_schema/websocket.py", "import tenure_schema.app"),
    ("schema-packages", "schema/tenure_schema/operations/limits.py", "import tenure_schema.bulk_load.route"),
    (
        "schema-packages",
        "schema/tenure_schema/plugins/routes.py",
        TYPE_IMPORT.format("tenure_schema.operations.executor"),
    ),
    ("schema-packages", "schema/tenure_schema/features/feature.py", "import tenure_schema.schema"),
    ("schema-packages", "schema/tenure_schema/mutations/mutation.py", "import tenure_schema.features"),
    ("schema-packages", "schema/tenure_schema/types/scalars.py", "import tenure_schema.mutations.runner"),
    ("schema-packages", "schema/tenure_schema/errors.py", "import tenure_schema.http.timing"),
    ("sdk-packages", "sdk/tenure_sdk/testing/tables.py", "import tenure_sdk.conformance.runner"),
    ("sdk-packages", "sdk/tenure_sdk/csv_import/counts.py", "import tenure_sdk.cli.app"),
    ("sdk-packages", "sdk/tenure_sdk/api.py", "import tenure_sdk.testing.app"),
    ("client-without-server", "sdk/tenure_sdk/client/errors.py", "import tenure_core.errors"),
    ("client-without-server", "sdk/tenure_sdk/client/protocol.py", "import tenure_sdk.api"),
    (
        "plugins-on-the-sdk",
        "plugins/manufacturing/tenure_manufacturing/maintenance/due_dates.py",
        "import tenure_core",
    ),
    ("plugins-on-the-sdk", "plugins/manufacturing/tenure_manufacturing/graphql.py", "import tenure_schema"),
    ("migrations-by-name", "core/tenure_core/migrate/runner.py", "import tenure_migrations"),
    ("frozen-migrations", "migrations/tenure_migrations/env.py", "import tenure_core.entities.model"),
    ("graphql-above-core", "core/tenure_core/query/request.py", "import strawberry"),
    ("graphql-above-core", "core/tenure_core/query/request.py", "import graphql"),
    ("no-database", "core/tenure_core/query/request.py", "import psycopg"),
    ("no-database", "core/tenure_core/write/rows/validate.py", "import tenure_core.write.operations.crud"),
    ("no-database", "core/tenure_core/query/plan/planner.py", "import tenure_core.postgres.database"),
    ("no-database", "core/tenure_core/query/sql/compiler.py", "import tenure_core.query.execute"),
]
"""A contract, a module, and an import in it that violates the contract."""

DOWNLOAD_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
        ("esm", "sh"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
    )
]


def lint_imports(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *options]
    path = os.pathsep.join(str(root / folder) for folder in FOLDERS)
    return subprocess.run(
        command, cwd=root, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages; each test restores the module that it changes."""
    root = tmp_path_factory.mktemp("packages")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_tree_satisfies_every_contract() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(("contract", "module", "violation"), VIOLATIONS)
def test_a_contract_detects_an_import_that_violates_it(
    copy: Path, contract: str, module: str, violation: str
) -> None:
    source = (copy / module).read_text()
    (copy / module).write_text(f"{source}\n{violation}\n")
    result = lint_imports(copy, "--contract", contract)
    (copy / module).write_text(source)
    assert result.returncode == 1
    assert "1 broken" in result.stdout, result.stdout + result.stderr


def test_every_contract_has_a_violation() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {contract["id"] for contract in config["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for contract, _, _ in VIOLATIONS}


def test_no_package_imports_a_plugin() -> None:
    imports = [
        f"{path.relative_to(ROOT)}: {name}"
        for package, allowed in ALLOWED_IMPORTS.items()
        for path in python_files(package)
        for name in imported_packages(path.read_text())
        if name.startswith("tenure_") and name not in allowed | {package}
    ]
    assert imports == []


def test_an_import_of_a_plugin_inside_a_function_is_detected() -> None:
    source = "def f():\n    from tenure_manufacturing.entities import Equipment\n"
    assert "tenure_manufacturing" in set(imported_packages(source))


def test_plugins_and_their_tests_import_only_the_sdk() -> None:
    imports = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "plugins").rglob("*.py")
        for name in imported_packages(path.read_text())
        if name.startswith("tenure_") and name not in ("tenure_sdk", plugin_of(path))
    ]
    assert imports == []


def plugin_of(path: Path) -> str:
    """Return the package of the plugin that a file belongs to."""
    return f"tenure_{path.relative_to(ROOT / 'plugins').parts[0]}"


def test_no_file_in_git_names_a_package_registry_or_a_download_host() -> None:
    hosts = re.compile("|".join(map(re.escape, DOWNLOAD_HOSTS)), re.IGNORECASE)
    matches = [
        f"{path}: {match[0]}" for path in files_in_git() if (match := hosts.search((ROOT / path).read_text()))
    ]
    assert matches == []


def test_the_lock_contains_only_versions_and_hashes() -> None:
    allowed = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not allowed.fullmatch(line)] == []


def files_in_git() -> list[str]:
    """Return the files that are tracked by git or would be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in output.split("\0") if name and (ROOT / name).is_file()]


def python_files(package: str) -> Iterator[Path]:
    return (ROOT / package.removeprefix("tenure_") / package).rglob("*.py")


def imported_packages(source: str) -> Iterator[str]:
    """Yield the top-level package of every import, including imports inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]
