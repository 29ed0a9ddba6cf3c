"""The rules of the house, executed: each import contract can be broken, and the tree keeps them all."""

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
KNOWN_ABOVE = {
    "tenure_core": set(),
    "tenure_schema": {"tenure_core"},
    "tenure_sdk": {"tenure_core", "tenure_schema"},
    "tenure_migrations": set(),
}
OFFENCES = [
    ("one-way", "core/tenure_core/entities/naming.py", "import tenure_schema"),
    ("one-way", "core/tenure_core/entities/naming.py", "import tenure_sdk"),
    ("one-way", "schema/tenure_schema/http/ide_files.py", "import tenure_sdk"),
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
    ("pure-rooms", "core/tenure_core/query/request.py", "import psycopg"),
    ("pure-rooms", "core/tenure_core/write/rows/validate.py", "import tenure_core.write.operations.crud"),
    ("pure-rooms", "core/tenure_core/query/plan/planner.py", "import tenure_core.postgres.database"),
    ("pure-rooms", "core/tenure_core/query/sql/compiler.py", "import tenure_core.query.execute"),
]
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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages that a test may spoil."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "module", "offence"), OFFENCES)
def test_each_contract_sees_an_import_that_breaks_it(
    copy: Path, contract: str, module: str, offence: str
) -> None:
    with (copy / module).open("a") as file:
        file.write(f"\n{offence}\n")
    done = lint_imports(copy, "--contract", contract)
    assert done.returncode == 1
    assert "1 broken" in done.stdout, done.stdout + done.stderr


def test_every_contract_is_broken_on_purpose_above() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {contract["id"] for contract in config["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for contract, _, _ in OFFENCES}


def test_no_package_imports_a_plugin() -> None:
    strangers = [
        f"{path.relative_to(ROOT)}: {name}"
        for package, above in KNOWN_ABOVE.items()
        for path in python_files(package)
        for name in imported_packages(path.read_text())
        if name.startswith("tenure_") and name not in above | {package}
    ]
    assert strangers == []


def test_an_import_of_a_plugin_is_seen_wherever_it_stands() -> None:
    hidden = "def f():\n    from tenure_manufacturing.entities import Equipment\n"
    assert "tenure_manufacturing" in set(imported_packages(hidden))


def test_plugins_and_their_tests_import_nothing_of_tenure_but_the_sdk() -> None:
    strangers = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "plugins").rglob("*.py")
        for name in imported_packages(path.read_text())
        if name.startswith("tenure_") and name not in ("tenure_sdk", plugin_of(path))
    ]
    assert strangers == []


def plugin_of(path: Path) -> str:
    """The package of the plugin that a file belongs to."""
    return f"tenure_{path.relative_to(ROOT / 'plugins').parts[0]}"


def test_no_module_has_more_than_400_lines() -> None:
    written = [path for package in KNOWN_ABOVE for path in python_files(package)]
    written += [path for path in (ROOT / "plugins").rglob("*.py") if path.parent.name != "migrations"]
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in written
        if (lines := len(path.read_text().splitlines())) > 400
    ]
    assert long == []


def test_no_top_level_folder_is_a_package() -> None:
    folders = (*FOLDERS, "plugins", "tests")
    assert [folder for folder in folders if (ROOT / folder / "__init__.py").exists()] == []


def test_no_file_in_git_names_a_package_registry_or_a_download_host() -> None:
    hosts = re.compile("|".join(map(re.escape, DOWNLOAD_HOSTS)), re.IGNORECASE)
    naming = [
        f"{path}: {found[0]}" for path in files_in_git() if (found := hosts.search((ROOT / path).read_text()))
    ]
    assert naming == []


def test_the_lock_names_versions_and_hashes_and_nothing_else() -> None:
    allowed = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if not allowed.fullmatch(line)] == []


def files_in_git() -> list[str]:
    """Every file that git keeps, or would keep at the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python_files(package: str) -> Iterator[Path]:
    return (ROOT / package.removeprefix("tenure_") / package).rglob("*.py")


def imported_packages(source: str) -> Iterator[str]:
    """Yield the top-level package of every import, also of those inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]
