"""Writes the next revision of a plugin: the difference between its entities and its existing revisions."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import (
    AddColumnOp,
    AlterColumnOp,
    CreateIndexOp,
    DowngradeOps,
    DropColumnOp,
    DropIndexOp,
    MigrateOperation,
    ModifyTableOps,
    UpgradeOps,
)
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import Connection, inspect, text

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import capture_template
from tenure_core.entities.fields import list_columns
from tenure_core.entities.text_search import build_search_column
from tenure_core.errors import PluginError
from tenure_core.migrate.backfill import with_backfill
from tenure_core.migrate.capture_ops import Captured, CaptureTableOp, ChangeCaptureOp, ChangeTypeOp
from tenure_core.migrate.revision_sets import RevisionSet, list_revision_sets, plugin_revision_set
from tenure_core.migrate.runner import declared_tables, owner_engine, upgrade_set
from tenure_core.migrate.table_ops import (
    CreateEntityTableOp,
    DropEntityTableOp,
    drop_order,
    merge_table_ops,
    render_functions,
)
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.scratch_database import scratch_database

SELECT_CAPTURED = text("""
    SELECT relname, obj_description(pg_trigger.oid, 'pg_trigger')::jsonb
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname = 'tenure_3_capture_insert' AND relname = ANY (:tables)
""")
"""The arguments of change capture, from the trigger comments that `tenure_capture` writes."""


def write_revision(server_url: str, host: Host, name: str, message: str = "") -> Path | None:
    """Write the next revision of a plugin: the changes from its existing revisions to its entities.

    Args:
        server_url: The URL of a server on which a temporary database can be created.
        host: The plugin and the plugins that it requires.
        name: The name of the plugin.
        message: What the revision does, in one line; by default the names of the changed tables.

    Returns:
        The file; None if there are no changes.

    Raises:
        PluginError: The plugin is not loaded, or not installed from a writable folder.
        MigrationFailedError: An existing revision fails.
    """
    plugin = host[name]
    revisions = _require_writable(plugin)
    with scratch_database(server_url) as url, owner_engine(url) as connection:
        owned = _apply_revisions(connection, host, revisions)
        changes = diff_against_database(connection, host.catalog, plugin, owned)
        if not changes.ops:
            return None
        return _write_file(connection, revisions, changes, message or describe(changes))


def _require_writable(plugin: LoadedPlugin) -> RevisionSet:
    revisions = plugin_revision_set(plugin)
    if revisions is None or "site-packages" in revisions.folder.parts:
        raise PluginError(
            f"The plugin {plugin.name} is not installed from a folder to which revisions can be written.",
            "Install it from its source: pip install --editable FOLDER.",
        )
    return revisions


def _apply_revisions(connection: Connection, host: Host, revisions: RevisionSet) -> set[str]:
    """Apply the revisions of a plugin and of those before it, and return the tables that its own created."""
    order = [plugin.name for plugin in host.plugins]
    earlier = {"", *order[: order.index(revisions.plugin)]}
    for revision_set in list_revision_sets(host):
        if revision_set.plugin in earlier:
            upgrade_set(connection, revision_set, "heads")
    before = set(inspect(connection).get_table_names())
    if revisions.folder.is_dir():
        upgrade_set(connection, revisions, "heads")
    return set(inspect(connection).get_table_names()) - before - {revisions.version_table}


def diff_against_database(
    connection: Connection, catalog: Catalog, plugin: LoadedPlugin, owned: set[str]
) -> UpgradeOps:
    """Return the operations that change a database to match a plugin's entities.

    Args:
        connection: A connection to the database as the owner of its tables.
        catalog: The declared entities.
        plugin: The plugin.
        owned: The tables that the plugin's revisions created.
    """
    entities = {info.table.name: info for info in catalog.entities.values() if info.plugin == plugin.name}
    table_ops = _compare_tables(connection, catalog, owned | entities.keys())
    captured = _read_captured(connection, owned)
    search = [
        op
        for info in entities.values()
        if info.table.name in owned
        for op in _compare_search(connection, info)
    ]
    uncapture = [
        CaptureTableOp(name, captured[name]).reverse() for name in sorted(captured.keys() - entities.keys())
    ]
    ops = [*uncapture, *drop_order(table_ops), *search, *_compare_captured(entities, captured)]
    return UpgradeOps(list(merge_table_ops(ops)))


def _compare_tables(
    connection: Connection, catalog: Catalog, tables: Container[str | None]
) -> Iterator[MigrateOperation]:
    """Yield Alembic's differences between the existing and the declared tables."""

    def is_included(name: str | None, kind: str) -> bool:
        return kind != "table" or name in tables

    options = {
        "include_name": lambda name, kind, _: is_included(name, kind),
        "include_object": lambda _, name, kind, *__: is_included(name, kind),
        "compare_server_default": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        # Alembic warns that it cannot change generated columns; `_compare_search` does.
        warnings.filterwarnings("ignore", "Computed default|Did not recognize type 'xid8'")
        upgrade_ops = produce_migrations(context, declared_tables(catalog)).upgrade_ops
    for op in upgrade_ops.ops if upgrade_ops else ():
        yield _with_conversions(op) if isinstance(op, ModifyTableOps) else op


def _with_conversions(table: ModifyTableOps) -> ModifyTableOps:
    """Replace Alembic's type changes, which do not convert values, by `ChangeTypeOp`."""
    steps: list[MigrateOperation] = []
    for op in table.ops:
        if isinstance(op, AlterColumnOp) and op.modify_type is not None and op.existing_type is not None:
            steps.append(ChangeTypeOp(op.table_name, op.column_name, op.modify_type, op.existing_type))
            op.existing_type, op.modify_type = op.modify_type, None
        if not isinstance(op, AlterColumnOp) or op.has_changes():
            steps.append(op)
    return ModifyTableOps(table.table_name, steps)


def _read_captured(connection: Connection, tables: Iterable[str]) -> dict[str, Captured]:
    rows = connection.execute(SELECT_CAPTURED, {"tables": list(tables)})
    return {table: Captured(comment["entity"], comment["template"]) for table, comment in rows}


def _compare_captured(
    entities: Mapping[str, EntityInfo], captured: Mapping[str, Captured]
) -> Iterator[MigrateOperation]:
    for name, info in entities.items():
        declared = Captured(info.name, capture_template(info))
        if name not in captured:
            yield CaptureTableOp(name, declared)
        elif declared != captured[name]:
            yield ChangeCaptureOp(name, declared, captured[name])


def _compare_search(connection: Connection, info: EntityInfo) -> Iterator[MigrateOperation]:
    """Yield the operations that change the full-text search: its column is dropped and added again."""
    name = info.table.name
    existing = next((c for c in inspect(connection).get_columns(name) if c["name"] == "search"), None)
    declared = [field.column for field in list_columns(info.entity_class.__fields__) if field.search]
    if existing is None or not declared:
        return
    searched = re.findall(r'coalesce\("?(\w+)"?', existing["computed"]["sqltext"], re.IGNORECASE)
    if searched == declared:
        return
    index = next(index for index in info.table.indexes if index.name == f"ix_{name}_search")
    steps: list[MigrateOperation] = [
        DropIndexOp.from_index(index),
        DropColumnOp(name, "search", _reverse=AddColumnOp(name, build_search_column(searched))),
        AddColumnOp(name, build_search_column(declared)),
        CreateIndexOp.from_index(index),
    ]
    yield ModifyTableOps(name, steps)


def _write_file(connection: Connection, revisions: RevisionSet, changes: UpgradeOps, message: str) -> Path:
    revisions.folder.mkdir(exist_ok=True)
    scripts = revisions.scripts
    scripts.messaging_opts = {"quiet": True}
    inverse = changes.reverse()
    upgrades, downgrades = (_render_code(ops, connection) for ops in (changes, inverse))
    number = sum(1 for _ in scripts.walk_revisions()) + 1
    script = scripts.generate_revision(
        f"{number:04d}",
        message.rstrip("."),
        version_path=revisions.folder,
        upgrades=upgrades,
        downgrades=downgrades,
        functions=render_functions([*changes.ops, *inverse.ops]),
        imports=_render_imports(upgrades + downgrades),
    )
    path = Path(cast(Script, script).path)
    _format_file(path)
    return path


def _format_file(path: Path) -> None:
    """Format a file with ruff, if the author of the plugin has installed it."""
    if find_spec("ruff"):
        command = [sys.executable, "-m", "ruff", "format", "--quiet", str(path)]
        subprocess.run(command, check=False)  # noqa: S603  # no input from outside


def _render_imports(code: str) -> str:
    """Return the imports that the code of a revision needs."""
    prefixes = {
        "import sqlalchemy as sa\n": "sa.",
        "from alembic import op\n": "",
        "from sqlalchemy.dialects import postgresql\n": "postgresql.",
    }
    return "".join(line for line, prefix in prefixes.items() if prefix in code)


def _render_code(operations: UpgradeOps | DowngradeOps, connection: Connection) -> str:
    context = MigrationContext.configure(connection)
    steps = UpgradeOps(list(with_backfill(operations.ops)))
    code = render_python_code(steps, migration_context=context)
    return "\n".join(line for line in code.splitlines() if "###" not in line).strip()


def describe(operations: UpgradeOps) -> str:
    """Return a summary of a revision by table: "Add trip; change vehicle"."""
    verbs: dict[str, list[str]] = {"add": [], "drop": [], "change": []}
    for op in operations.ops:
        table = getattr(op, "table_name", "")
        if not any(table in tables for tables in verbs.values()):
            verbs[_verb(op)].append(table)
    return "; ".join(f"{verb} {', '.join(tables)}" for verb, tables in verbs.items() if tables).capitalize()


def _verb(op: MigrateOperation) -> str:
    if isinstance(op, CreateEntityTableOp):
        return "add"
    return "drop" if isinstance(op, DropEntityTableOp) else "change"
