"""Operations on whole tables: revisions say in SQL what they make, whatever it is called, forth and back."""

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
from tenure_core.migrate.table_ops import BASE, OF_EVERY_RECORD
from tenure_core.plugins.host import Host, load_host
from tenure_core.query.sql.compiler import DIALECT
from tenure_core.settings import Settings

AWKWARD = '''
from tenure_core.entities.model import Address


class Order(Entity):
    """An order, whose name SQL has for itself, with a default that code has to escape."""

    metadata = APART
    user: Mapped[str] = column(unique=True, search=True, default="a 12:30 \\\\ %s of it's")
    upgrade: Mapped["Order | None"] = belongs_to(back="downgrades")
    price: Mapped[Money | None]


class Revision(Entity):
    """A revision, whose table is called as what Alembic looks for."""

    metadata = APART
    order: Mapped[Order] = belongs_to(back="revisions")


class Delivery(Entity):
    """A delivery, of whose first field there is more to tell than stands on a line."""

    metadata = APART
    place_of_the_delivery: Mapped[Address | None]


class Moment(Entity):
    """A record that says nothing but when it was made."""

    metadata = APART


@hookimpl
def register_entities():
    return [Order, Revision, Delivery, Moment]
'''

NOTE = """
class Note(Entity):
    '''A note.'''

    metadata = APART
    text: Mapped[str] = column(default="leave :word at the :desk")


@hookimpl
def register_entities():
    return [Note]
"""

NOTHING = """
@hookimpl
def register_entities():
    return []
"""


def fleet(folder: Path, body: str) -> Host:
    return load_host(Settings(), [write_plugin(folder, body)])


def test_what_revisions_bring_with_them_is_what_the_platform_gives_every_record() -> None:
    given = {
        str(CreateColumn(one).compile(dialect=DIALECT))
        .lower()
        .replace("timestamp with time zone", "timestamptz")
        for one in Account.__table__.columns
        if one.name in OF_EVERY_RECORD
    }
    said = {line.strip().removesuffix(",").lower() for line in BASE.splitlines()}
    assert len(given) == len(OF_EVERY_RECORD)
    assert given <= said


@pytest.fixture
def host(tmp_path: Path, server_url: str) -> Host:
    """A plugin with awkward names, and the revision that was written for it."""
    found = fleet(tmp_path, AWKWARD)
    assert write_revision(server_url, found, "fleet")
    return found


def test_awkward_names_and_defaults_are_made_as_they_are_declared(
    host: Host, migrated_database_url: str
) -> None:
    before = dump_schema(migrated_database_url)
    runner.upgrade(migrated_database_url, host)
    assert runner.differences(migrated_database_url, host.catalog) == []
    runner.downgrade(migrated_database_url, history=plugin_revision_set(host["fleet"]))
    left = [line for line in dump_schema(migrated_database_url) if "alembic_version_fleet" not in line]
    assert left == before


def test_a_word_after_a_colon_is_no_parameter(
    tmp_path: Path, migrated_database_url: str, server_url: str
) -> None:
    host = fleet(tmp_path, NOTE)
    write_revision(server_url, host, "fleet")
    runner.upgrade(migrated_database_url, host)
    assert any("'leave :word at the :desk'" in line for line in dump_schema(migrated_database_url))


def test_tables_that_are_dropped_come_back_as_they_were(
    host: Host, migrated_database_url: str, server_url: str, tmp_path: Path
) -> None:
    runner.upgrade(migrated_database_url, host)
    before = dump_schema(migrated_database_url)
    emptied = fleet(tmp_path, NOTHING)
    assert write_revision(server_url, emptied, "fleet")
    runner.upgrade(migrated_database_url, emptied, allow_destructive=True)
    assert not any("revision" in line for line in dump_schema(migrated_database_url))
    runner.downgrade(migrated_database_url, "0001", history=plugin_revision_set(emptied["fleet"]))
    assert dump_schema(migrated_database_url) == before


FEWER = """
class Revision(Entity):
    '''A revision of nothing.'''

    metadata = APART


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
    runner.downgrade(migrated_database_url, "0001", history=plugin_revision_set(fewer["fleet"]))
    assert dump_schema(migrated_database_url) == before


def test_each_table_is_a_function_of_its_own(host: Host, tmp_path: Path) -> None:
    [revision] = (tmp_path / "fleet/migrations").glob("0001*.py")
    written = revision.read_text()
    steps = written.partition('"""Go forward."""\n')[2].partition("\n\n\n")[0].split()
    assert sorted(steps) == ["make_delivery()", "make_moment()", "make_order()", "make_revision()"]
    assert "import sqlalchemy" not in written
    assert max(map(len, written.splitlines())) <= 110
