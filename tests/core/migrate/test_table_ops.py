"""Revisions create and drop complete tables, with any names and defaults, in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.schema import CreateColumn
from tests.support.plugin_files import write_plugin

from tenure_core.entities.model import Account
from tenure_core.migrate import runner
from tenure_core.migrate.autogenerate import write_revision
from tenure_core.migrate.revision_sets import plugin_revision_set
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.migrate.table_ops import HELPERS, SYSTEM_COLUMNS
from tenure_core.plugins.host import Host, load_host
from tenure_core.query.sql.compiler import DIALECT
from tenure_core.settings import Settings

UNUSUAL = '''
from tenure_core.entities.model import Address


class Order(Entity):
    """An order, whose name SQL has for itself, with a default that code has to escape."""

    metadata = METADATA
    user: Mapped[str] = column(unique=True, search=True, default="a 12:30 \\\\ %s of it's")
    upgrade: Mapped["Order | None"] = belongs_to(back="downgrades")
    price: Mapped[Money | None]


class Revision(Entity):
    """A revision, whose table is called as what Alembic looks for."""

    metadata = METADATA
    order: Mapped[Order] = belongs_to(back="revisions")


class Delivery(Entity):
    """A delivery, of whose first field there is more to tell than stands on a line."""

    metadata = METADATA
    place_of_the_delivery: Mapped[Address | None]


class Moment(Entity):
    """A record that says nothing but when it was made."""

    metadata = METADATA


@hookimpl
def register_entities():
    return [Order, Revision, Delivery, Moment]
'''

NOTE = """
class Note(Entity):
    '''A note.'''

    metadata = METADATA
    text: Mapped[str] = column(default="leave :word at the :desk")


@hookimpl
def register_entities():
    return [Note]
"""

NO_ENTITIES = """
@hookimpl
def register_entities():
    return []
"""


def fleet(folder: Path, body: str) -> Host:
    return load_host(Settings(), [write_plugin(folder, body)])


def test_the_helper_functions_contain_all_system_columns() -> None:
    columns = {
        str(CreateColumn(column).compile(dialect=DIALECT))
        .lower()
        .replace("timestamp with time zone", "timestamptz")
        for column in Account.__table__.columns
        if column.name in SYSTEM_COLUMNS
    }
    lines = {line.strip().removesuffix(",").lower() for line in HELPERS.splitlines()}
    assert len(columns) == len(SYSTEM_COLUMNS)
    assert columns <= lines


@pytest.fixture
def host(tmp_path: Path, server_url: str) -> Host:
    """A plugin with unusual names, and its generated revision."""
    loaded = fleet(tmp_path, UNUSUAL)
    assert write_revision(server_url, loaded, "fleet")
    return loaded


def test_unusual_names_and_defaults_are_created_as_declared(host: Host, migrated_database_url: str) -> None:
    before = dump_schema(migrated_database_url)
    runner.upgrade(migrated_database_url, host)
    assert runner.differences(migrated_database_url, host.catalog) == []
    runner.downgrade(migrated_database_url, revision_set=plugin_revision_set(host["fleet"]))
    remaining = [line for line in dump_schema(migrated_database_url) if "alembic_version_fleet" not in line]
    assert remaining == before


def test_a_word_after_a_colon_is_not_a_parameter(
    tmp_path: Path, migrated_database_url: str, server_url: str
) -> None:
    host = fleet(tmp_path, NOTE)
    write_revision(server_url, host, "fleet")
    runner.upgrade(migrated_database_url, host)
    assert any("'leave :word at the :desk'" in line for line in dump_schema(migrated_database_url))


def test_dropped_tables_are_restored_by_a_downgrade(
    host: Host, migrated_database_url: str, server_url: str, tmp_path: Path
) -> None:
    runner.upgrade(migrated_database_url, host)
    before = dump_schema(migrated_database_url)
    emptied = fleet(tmp_path, NO_ENTITIES)
    assert write_revision(server_url, emptied, "fleet")
    runner.upgrade(migrated_database_url, emptied, allow_destructive=True)
    assert not any("revision" in line for line in dump_schema(migrated_database_url))
    runner.downgrade(migrated_database_url, "0001", revision_set=plugin_revision_set(emptied["fleet"]))
    assert dump_schema(migrated_database_url) == before


FEWER = """
class Revision(Entity):
    '''A revision of nothing.'''

    metadata = METADATA


@hookimpl
def register_entities():
    return [Revision]
"""


def test_a_table_is_dropped_after_the_column_that_refers_to_it(
    host: Host, migrated_database_url: str, server_url: str, tmp_path: Path
) -> None:
    runner.upgrade(migrated_database_url, host)
    before = dump_schema(migrated_database_url)
    fewer = fleet(tmp_path, FEWER)
    assert write_revision(server_url, fewer, "fleet")
    runner.upgrade(migrated_database_url, fewer, allow_destructive=True)
    assert runner.differences(migrated_database_url, fewer.catalog) == []
    runner.downgrade(migrated_database_url, "0001", revision_set=plugin_revision_set(fewer["fleet"]))
    assert dump_schema(migrated_database_url) == before


def test_each_table_has_its_own_function(host: Host, tmp_path: Path) -> None:
    [revision] = (tmp_path / "fleet/migrations").glob("0001*.py")
    code = revision.read_text()
    steps = code.partition('"""Apply the revision."""\n')[2].partition("\n\n\n")[0].split()
    assert sorted(steps) == [
        "create_delivery_table()",
        "create_moment_table()",
        "create_order_table()",
        "create_revision_table()",
    ]
    assert "import sqlalchemy" not in code
    assert max(map(len, code.splitlines())) <= 110
