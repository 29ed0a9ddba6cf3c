"""Layout rules: where modules and their tests are, how large they are, and how functions are named."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TEST_FOLDERS = {
    "core/tenure_core": "tests/core",
    "schema/tenure_schema": "tests/schema",
    "sdk/tenure_sdk": "tests/sdk",
    "plugins/manufacturing/tenure_manufacturing": "plugins/manufacturing/tests",
}
"""The folder of the tests of each package. `tests/migrations` tests the revisions in order, not by module."""

TOP_LEVEL_MODULES = {
    "core/tenure_core": {"errors", "settings"},
    "schema/tenure_schema": {"app", "schema", "errors", "websocket"},
    "sdk/tenure_sdk": {"api", "graphql"},
}

TESTED_ELSEWHERE = {
    "tenure_core.plugins.context_providers": "tests/schema/plugins/test_resolver_contexts.py",
    "tenure_core.write.idempotency": "tests/schema/mutations/test_runner.py",
    "tenure_sdk.api": "tests/test_guide.py",
}
"""Modules that no tested module of their package uses: only the packages above them do. And their tests."""

IMPORT = re.compile(r"^\s*(?:from ([\w.]+) )?import (\([^)]*\)|.*)$", re.MULTILINE)

MAX_MODULES = 17
"""Modules in a folder: about 15."""

MAX_LINES = 400
MAX_MEDIAN_FUNCTION_LINES, MAX_NINTH_DECILE_FUNCTION_LINES = 6, 17
"""Lines from `def` to the end of a function, with its docstring and without its decorators."""

PARTICIPLE = re.compile(
    r"_?[a-z]*(?:ed|own|told|sold|ound|ept|ilt|said|laid|made|roken|oken|itten|idden|aken|iven|ozen)"
)
NOT_PARTICIPLES = {"accept", "embed", "feed", "need", "open", "passed", "round", "seed", "speed", "token"}

METAPHORS = re.compile(
    r"\b(belts?|hangs? on|hence|lest|meddling|mend|overheard|stands? for|swayed|tells? of|told)\b",
    re.IGNORECASE,
)


def modules(package: str) -> Iterator[Path]:
    """Yield the modules of a package, without `__init__.py` and without revisions."""
    for path in sorted((ROOT / package).rglob("*.py")):
        if path.name != "__init__.py" and path.parent.name not in ("migrations", "versions"):
            yield path


def all_modules() -> list[Path]:
    return list(chain.from_iterable(map(modules, TEST_FOLDERS)))


def locate_test(module: Path, package: str) -> Path:
    """Return the location of a module's test."""
    folder = module.relative_to(ROOT / package).parent
    return ROOT / TEST_FOLDERS[package] / folder / f"test_{module.name}"


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in all_modules():
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", TEST_FOLDERS)
def test_every_test_is_at_the_location_of_its_module_or_a_journey(package: str) -> None:
    expected = {locate_test(module, package) for module in modules(package)}
    tests = (ROOT / TEST_FOLDERS[package]).rglob("test_*.py")
    other = [test for test in tests if test not in expected and test.parent.name != "journeys"]
    # `tenure plugin new` creates this file for the conformance tests of a plugin.
    assert [relative(test) for test in other if test.name != "test_conformance.py"] == []


def imported_names(path: Path) -> set[str]:
    """Return the dotted names that a module imports."""
    names: set[str] = set()
    for module, imported in IMPORT.findall(path.read_text()):
        names |= {module, *(f"{module}.{name}".lstrip(".") for name in re.findall(r"[\w.]+", imported))}
    return names


def dotted_name(module: Path, package: str) -> str:
    return ".".join(module.relative_to((ROOT / package).parent).with_suffix("").parts)


def test_a_module_without_a_test_is_used_by_a_test_or_by_a_tested_module_of_its_package() -> None:
    unused = set(chain.from_iterable(map(unused_modules, TEST_FOLDERS)))
    assert unused - TESTED_ELSEWHERE.keys() == set()
    assert [test for test in TESTED_ELSEWHERE.values() if not (ROOT / test).exists()] == []


def unused_modules(package: str) -> set[str]:
    """Return the modules that neither a test nor, directly or indirectly, a tested module imports."""
    names = {dotted_name(module, package): module for module in modules(package)}
    in_tests = set(chain.from_iterable(map(imported_names, list_test_files())))
    pending = {
        name for name, path in names.items() if locate_test(path, package).exists() or name in in_tests
    }
    used = set(pending)
    while pending:
        new = (names.keys() & imported_names(names[pending.pop()])) - used
        pending |= new
        used |= new
    return names.keys() - used


def list_test_files() -> Iterator[Path]:
    for folder in ("tests", "plugins"):
        yield from (path for path in (ROOT / folder).rglob("*.py") if "tests" in path.parts)


@pytest.mark.parametrize("package", TOP_LEVEL_MODULES)
def test_the_top_level_of_a_package_contains_only_the_listed_modules(package: str) -> None:
    assert {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"} == TOP_LEVEL_MODULES[package]


def test_a_folder_contains_at_most_about_15_modules() -> None:
    sizes = Counter(relative(module.parent) for module in all_modules())
    assert {folder: size for folder, size in sizes.items() if size > MAX_MODULES} == {}


def test_no_module_has_more_than_400_lines() -> None:
    sizes = {relative(module): len(module.read_text().splitlines()) for module in all_modules()}
    assert {module: size for module, size in sizes.items() if size > MAX_LINES} == {}


def test_most_functions_are_short() -> None:
    sizes = [(node.end_lineno or node.lineno) - node.lineno + 1 for _, node in functions()]
    assert statistics.median(sizes) <= MAX_MEDIAN_FUNCTION_LINES
    assert statistics.quantiles(sizes, n=10)[-1] <= MAX_NINTH_DECILE_FUNCTION_LINES


def test_no_function_is_named_by_a_bare_participle() -> None:
    names = [
        f"{relative(path)}: {node.name}"
        for path, node in functions()
        if PARTICIPLE.fullmatch(node.name) and node.name.strip("_") not in NOT_PARTICIPLES
    ]
    assert names == []


def test_docstrings_contain_no_metaphors() -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    matches = [
        f"{relative(path)}: {match[0]}"
        for path in all_modules()
        for node in ast.walk(parse(path))
        if isinstance(node, documented) and (match := METAPHORS.search(ast.get_docstring(node) or ""))
    ]
    assert matches == []


def test_no_top_level_folder_is_a_package() -> None:
    folders = ("core", "schema", "sdk", "migrations", "plugins", "plugins/manufacturing", "tests")
    assert [folder for folder in folders if (ROOT / folder / "__init__.py").exists()] == []
