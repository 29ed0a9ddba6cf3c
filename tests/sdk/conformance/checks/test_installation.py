"""Installing: sound migrations go both ways and leave nothing behind; what is wrong with others is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.plugin_files import write_plugin

from tenure_core.migrate.autogenerate import write_revision
from tenure_core.migrate.runner import upgrade
from tenure_core.plugins.host import core_host
from tenure_core.postgres.scratch_database import scratch_database
from tenure_sdk.conformance.checks.installation import Installing
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set
from tenure_sdk.conformance.report import Finding


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    """A database of this module, whose plugins have tables of different names."""
    with scratch_database(server_url) as url:
        upgrade(url, core_host())
        yield url


REVISION = """
revision = "{revision}"
down_revision = {below}
branch_labels = None
depends_on = None

from alembic import op


def upgrade():
    op.execute("{forth}")


def downgrade():
    op.execute("{back}")
"""


def plugin(folder: Path, server_url: str, name: str, entity: str, fields: str) -> ModuleType:
    """A plugin of one entity with the first migration that follows from it."""
    body = f"""
class {entity}(Entity):
    \"\"\"A thing.\"\"\"

    metadata = APART
    name: Mapped[str] = column(unique=True, max_length=60)
{fields}

@hookimpl
def register_entities():
    return [{entity}]
"""
    written = write_plugin(folder, body, name)
    write_revision(server_url, load_plugin_set(written, []).alone, name)
    return written


def add_revision(module: ModuleType, revision: str, below: str, forth: str, back: str) -> None:
    folder = Path(str(module.__file__)).parent / "migrations"
    text = REVISION.format(revision=revision, below=f'"{below}"', forth=forth, back=back)
    (folder / f"{revision}_more.py").write_text(text)


def migrations(url: str, module: ModuleType) -> list[Finding]:
    return list(Installing(url, load_plugin_set(module, [])).migrations())


def test_sound_migrations_pass_and_nothing_stays_behind(tmp_path: Path, url: str) -> None:
    sound = plugin(tmp_path, url, "soundly", "SoundThing", "    size: Mapped[int | None]\n")
    function = "CREATE FUNCTION sound_size() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    add_revision(sound, "0002", "0001", function, "DROP FUNCTION sound_size()")
    installing = Installing(url, load_plugin_set(sound, []))
    assert list(installing.migrations()) == []
    assert list(installing.removal()) == []


def test_a_revision_that_is_not_taken_back_is_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "lasting", "LastingThing", "")
    add_revision(bad, "0002", "0001", "CREATE INDEX ix_lasting ON account (tier)", "SELECT 1")
    [found] = migrations(url, bad)
    assert found.where == "migration 0002"
    assert "leaves something behind: there is more: index CREATE INDEX ix_lasting" in found.what


def test_a_revision_that_can_not_be_taken_back_is_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "oneway", "OnewayThing", "")
    add_revision(bad, "0002", "0001", "SELECT 1", "SELECT 1 / 0")
    [found] = migrations(url, bad)
    assert found.where == "migration 0002"
    assert "can't be taken back" in found.what


def test_a_revision_that_loses_values_on_its_way_back_is_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "losing", "LosingThing", "    size: Mapped[int | None]\n")
    add_revision(bad, "0002", "0001", "SELECT 1", "UPDATE losing_thing SET size = NULL")
    [found] = migrations(url, bad)
    assert "losing_thing.size differs in 3 of 3 rows" in found.what


def test_a_revision_that_needs_empty_tables_is_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "picky", "PickyThing", "    size: Mapped[int]\n")
    first = Path(str(bad.__file__)).parent / "migrations"
    [revision] = first.glob("0001*.py")
    text = revision.read_text()
    lines = [line for line in text.splitlines() if "size integer" not in line]
    revision.write_text("\n".join(lines))
    add = "ALTER TABLE picky_thing ADD COLUMN size integer NOT NULL"
    add_revision(bad, "0002", "0001", add, "ALTER TABLE picky_thing DROP COLUMN size")
    [found] = migrations(url, bad)
    assert found.where == "migration 0002"
    assert "can't be run on a database that holds rows" in found.what


def test_entities_without_migrations_are_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "bare", "BareThing", "")
    for revision in (Path(str(bad.__file__)).parent / "migrations").glob("*.py"):
        revision.unlink()
    [found] = migrations(url, bad)
    assert "tenure plugin makemigration bare" in found.mend


def test_what_the_migrations_do_not_make_is_named(tmp_path: Path, url: str) -> None:
    older = plugin(tmp_path, url, "lagging", "LaggingThing", "")
    (tmp_path / "newer").mkdir()
    newer = plugin(tmp_path / "newer", url, "lagging", "LaggingThing", "    size: Mapped[int | None]\n")
    newer.__file__ = older.__file__
    [found] = migrations(url, newer)
    assert "Change lagging_thing" in found.what


def test_a_table_that_is_open_to_all_tenants_is_named(tmp_path: Path, url: str) -> None:
    bad = plugin(tmp_path, url, "open", "OpenThing", "")
    unprotect = "ALTER TABLE open_thing DISABLE ROW LEVEL SECURITY"
    add_revision(bad, "0002", "0001", unprotect, "ALTER TABLE open_thing ENABLE ROW LEVEL SECURITY")
    [found] = migrations(url, bad)
    assert found.where == "table open_thing"
    assert "tenure_protect" in found.mend
