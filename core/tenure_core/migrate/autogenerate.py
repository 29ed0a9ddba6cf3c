"""Revisions: the next one of a plugin, written from what it declares and what its earlier ones have made."""

from __future__ import annotations

import re
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping
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
from tenure_core.entities.text_search import search_column
from tenure_core.errors import PluginError
from tenure_core.migrate.backfill import with_backfill
from tenure_core.migrate.capture_ops import Captured, CaptureTableOp, ChangeCaptureOp, ChangeTypeOp
from tenure_core.migrate.revision_sets import RevisionSet, list_revision_sets, plugin_revision_set
from tenure_core.migrate.runner import declared_tables, owner_engine, upgrade_set
from tenure_core.migrate.table_ops import (
    CreateEntityTableOp,
    DropEntityTableOp,
    by_table,
    drop_order,
    functions_of,
)
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.scratch_database import scratch_database

KEPT = text("""
    SELECT relname, obj_description(pg_trigger.oid, 'pg_trigger')::jsonb
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname = 'tenure_3_capture_insert' AND relname = ANY (:tables)
""")
"""What the triggers of tables keep, as `tenure_capture` notes it."""


def write_revision(server_url: str, host: Host, name: str, message: str = "") -> Path | None:
    """Write the next revision of a plugin: what its entities need beyond what its revisions make.

    Args:
        server_url: A server on which a scratch database can be made.
        host: The plugin, and those that it requires.
        name: The plugin.
        message: What the revision does, in one line; by default what tables it is about.

    Returns:
        The file, or None where nothing is lacking.

    Raises:
        PluginError: The plugin is not loaded, or not where revisions can be written.
        MigrationFailedError: One of its revisions fails.
    """
    plugin = host[name]
    history = _writable_history(plugin)
    with scratch_database(server_url) as url, owner_engine(url) as connection:
        owned = _migrated(connection, host, history)
        needed = diff_against_database(connection, host.catalog, plugin, owned)
        if not needed.ops:
            return None
        return _written(connection, history, needed, message or describe(needed))


def _writable_history(plugin: LoadedPlugin) -> RevisionSet:
    history = plugin_revision_set(plugin)
    if history is None or "site-packages" in history.folder.parts:
        raise PluginError(
            f"The plugin {plugin.name} is not installed from a folder that revisions can be written to.",
            "Install it from its sources: pip install --editable FOLDER.",
        )
    return history


def _migrated(connection: Connection, host: Host, history: RevisionSet) -> set[str]:
    """Run the revisions of a plugin and of all before it, and return the tables that its own have made."""
    order = [plugin.name for plugin in host.plugins]
    earlier = {"", *order[: order.index(history.plugin)]}
    for one in list_revision_sets(host):
        if one.plugin in earlier:
            upgrade_set(connection, one, "heads")
    before = set(inspect(connection).get_table_names())
    if history.folder.is_dir():
        upgrade_set(connection, history, "heads")
    return set(inspect(connection).get_table_names()) - before - {history.table}


def diff_against_database(
    connection: Connection, catalog: Catalog, plugin: LoadedPlugin, owned: set[str]
) -> UpgradeOps:
    """Return what a plugin's entities need beyond what a database has for them.

    Args:
        connection: To the database, as the owner of its tables.
        catalog: What is declared.
        plugin: The plugin.
        owned: The tables that the plugin's revisions have made.
    """
    entities = {info.table.name: info for info in catalog.entities.values() if info.plugin == plugin.name}
    concerned = owned | entities.keys()

    found = _compared(connection, catalog, concerned)
    kept = _kept(connection, owned)
    search = [
        op for info in entities.values() if info.table.name in owned for op in _search(connection, info)
    ]
    gone = [CaptureTableOp(name, kept[name]).reverse() for name in sorted(kept.keys() - entities.keys())]
    listed = [*gone, *drop_order(found), *search, *_captures(entities, kept)]
    return UpgradeOps(list(by_table(listed)))


def _compared(
    connection: Connection, catalog: Catalog, concerned: Container[str | None]
) -> Iterator[MigrateOperation]:
    """Yield what Alembic finds to differ between the tables as they are and as they are declared."""

    def concerns(name: str | None, kind: str) -> bool:
        return kind != "table" or name in concerned

    options = {
        "include_name": lambda name, kind, _: concerns(name, kind),
        "include_object": lambda _, name, kind, *__: concerns(name, kind),
        "compare_server_default": True,
    }
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        # Alembic can't change what is computed, and says so; `_search` does it.
        warnings.filterwarnings("ignore", "Computed default|Did not recognize type 'xid8'")
        found = produce_migrations(context, declared_tables(catalog)).upgrade_ops
    for op in found.ops if found else ():
        yield _with_conversions(op) if isinstance(op, ModifyTableOps) else op


def _with_conversions(table: ModifyTableOps) -> ModifyTableOps:
    """Have the values of a column converted where its type changes, which Alembic leaves to PostgreSQL."""
    steps: list[MigrateOperation] = []
    for op in table.ops:
        if isinstance(op, AlterColumnOp) and op.modify_type is not None and op.existing_type is not None:
            steps.append(ChangeTypeOp(op.table_name, op.column_name, op.modify_type, op.existing_type))
            op.existing_type, op.modify_type = op.modify_type, None
        if not isinstance(op, AlterColumnOp) or op.has_changes():
            steps.append(op)
    return ModifyTableOps(table.table_name, steps)


def _kept(connection: Connection, tables: Iterable[str]) -> dict[str, Captured]:
    rows = connection.execute(KEPT, {"tables": list(tables)})
    return {table: Captured(told["entity"], told["template"]) for table, told in rows}


def _captures(entities: Mapping[str, EntityInfo], kept: Mapping[str, Captured]) -> Iterator[MigrateOperation]:
    for name, info in entities.items():
        wanted = Captured(info.name, capture_template(info))
        if name not in kept:
            yield CaptureTableOp(name, wanted)
        elif wanted != kept[name]:
            yield ChangeCaptureOp(name, wanted, kept[name])


def _search(connection: Connection, info: EntityInfo) -> Iterator[MigrateOperation]:
    """Yield what makes the text search look at other columns: a computed column can only be made anew."""
    name = info.table.name
    before = next((c for c in inspect(connection).get_columns(name) if c["name"] == "search"), None)
    wanted = [field.column for field in list_columns(info.entity_class.__fields__) if field.search]
    if before is None or not wanted:
        return
    searched = re.findall(r'coalesce\("?(\w+)"?', before["computed"]["sqltext"], re.IGNORECASE)
    if searched == wanted:
        return
    index = next(index for index in info.table.indexes if index.name == f"ix_{name}_search")
    back = AddColumnOp(name, search_column(searched))
    steps: list[MigrateOperation] = [
        DropIndexOp.from_index(index),
        DropColumnOp(name, "search", _reverse=back),
        AddColumnOp(name, search_column(wanted)),
        CreateIndexOp.from_index(index),
    ]
    yield ModifyTableOps(name, steps)


def _written(connection: Connection, history: RevisionSet, needed: UpgradeOps, message: str) -> Path:
    history.folder.mkdir(exist_ok=True)
    scripts = history.scripts
    scripts.messaging_opts = {"quiet": True}
    undoing = needed.reverse()
    forward, back = (_code(ops, connection) for ops in (needed, undoing))
    functions = functions_of([*needed.ops, *undoing.ops])
    number = sum(1 for _ in scripts.walk_revisions()) + 1
    script = scripts.generate_revision(
        f"{number:04d}",
        message.rstrip("."),
        version_path=history.folder,
        upgrades=forward,
        downgrades=back,
        functions=functions,
        imports=_imports(forward + back),
    )
    return Path(cast(Script, script).path)


def _imports(code: str) -> str:
    """Return the imports that some code of a revision needs."""
    needed = {
        "import sqlalchemy as sa\n": "sa.",
        "from alembic import op\n": "",
        "from sqlalchemy.dialects import postgresql\n": "postgresql.",
    }
    return "".join(line for line, word in needed.items() if word in code)


def _code(operations: UpgradeOps | DowngradeOps, connection: Connection) -> str:
    context = MigrationContext.configure(connection)
    steps = UpgradeOps(list(with_backfill(operations.ops)))
    code = render_python_code(steps, migration_context=context)
    return "\n".join(line for line in code.splitlines() if "###" not in line).strip()


def describe(operations: UpgradeOps) -> str:
    """Return what a revision does, by its tables: "Add trip; change vehicle"."""
    sorts: dict[str, dict[str, None]] = {"add": {}, "drop": {}, "change": {}}
    for op in operations.ops:
        sort = (
            "add"
            if isinstance(op, CreateEntityTableOp)
            else "drop"
            if isinstance(op, DropEntityTableOp)
            else "change"
        )
        if not any(getattr(op, "table_name", "") in known for known in sorts.values()):
            sorts[sort][getattr(op, "table_name", "")] = None
    phrases = [f"{sort} {', '.join(tables)}" for sort, tables in sorts.items() if tables]
    return "; ".join(phrases).capitalize()
