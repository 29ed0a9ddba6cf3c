"""Revisions of plugins are generated from declarations, run in both directions, and report data loss."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.plugin_factory import plugin
from tests.support.plugin_files import write_plugin

from tenure_core.errors import PluginError
from tenure_core.migrate import runner
from tenure_core.migrate.autogenerate import write_revision
from tenure_core.migrate.revision_sets import MigrationFailedError, plugin_revision_set
from tenure_core.migrate.runner import DestructiveMigrationError
from tenure_core.migrate.schema_dump import dump_schema
from tenure_core.plugins.host import Host, load_host
from tenure_core.settings import Settings

TENANT = uuid.UUID(int=7)

FIRST = '''
class Vehicle(Entity):
    """A vehicle."""

    metadata = METADATA
    account: Mapped[Account | None] = belongs_to(back="vehicles")
    plate: Mapped[str] = column(unique=True, search=True, max_length=20)
    price: Mapped[Money | None]
    tags: Mapped[list[str]] = column(default=[])
    extra: Mapped[dict[str, Any]] = column(default={})
    wheels: Mapped[int] = column(default=4)
    brand: Mapped[str] = column(max_length=20)


class Trip(Entity, order_by="-created_at"):
    """A trip."""

    metadata = METADATA
    vehicle: Mapped[Vehicle] = belongs_to(back="trips")
    driven_on: Mapped[date | None]


@hookimpl
def register_entities():
    return [Trip, Vehicle]
'''

SECOND = '''
class Vehicle(Entity):
    """A vehicle."""

    metadata = METADATA
    account: Mapped[Account | None] = belongs_to(back="vehicles")
    plate: Mapped[str] = column(search=True, max_length=20)
    colour: Mapped[str | None] = column(search=True, index=True)
    tags: Mapped[list[str]] = column(default=[])
    extra: Mapped[dict[str, Any]] = column(default={})
    wheels: Mapped[str] = column(default="4")
    seats: Mapped[int] = column(minimum=0)


@hookimpl
def register_entities():
    return [Vehicle]
'''

HARMLESS = FIRST.replace("tags: Map", "doors: Mapped[int] = column(default=4)\n    tags: Map")


def fleet(folder: Path, body: str) -> Host:
    return load_host(Settings(), [write_plugin(folder, body)])


Revisions = Callable[..., Host]


@pytest.fixture(scope="module")
def written(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The generated revisions by declaration."""
    by_body: dict[str, Path] = {}
    folder, other = tmp_path_factory.mktemp("written"), tmp_path_factory.mktemp("other")
    for body in (FIRST, SECOND):
        by_body[body] = written_for(server_url, fleet(folder, body))
    shutil.copytree(
        by_body[FIRST].parent, other / "fleet/migrations", ignore=lambda *_: {by_body[SECOND].name}
    )
    by_body[HARMLESS] = written_for(server_url, fleet(other, HARMLESS))
    return by_body


def written_for(server_url: str, host: Host) -> Path:
    path = write_revision(server_url, host, "fleet")
    assert path
    return path


@pytest.fixture
def revisions(tmp_path: Path, written: dict[str, Path]) -> Revisions:
    """Load the plugin with a declaration and the revision that was generated for it."""

    def load(body: str) -> Host:
        folder = tmp_path / "fleet/migrations"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(written[body], folder)
        return fleet(tmp_path, body)

    return load


def add_vehicle(url: str, **columns: object) -> None:
    names, places = ", ".join(columns), ", ".join("%s" for _ in columns)
    with psycopg.connect(url) as owner:
        owner.execute(
            f"INSERT INTO vehicle (tenant_id, {names}) VALUES (%s, {places})", (TENANT, *columns.values())
        )


def applied_revision(url: str) -> str:
    [(revision,)] = rows(url, "SELECT version_num FROM alembic_version_fleet")
    return str(revision)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as owner:
        return owner.execute(query).fetchall()


class TestTheFirstRevision:
    def test_creates_the_declared_tables(self, revisions: Revisions, migrated_database_url: str) -> None:
        host = revisions(FIRST)
        [done] = runner.upgrade(migrated_database_url, host)
        assert str(done) == "fleet 0001: Add vehicle, trip."
        assert runner.differences(migrated_database_url, host.catalog) == []
        assert runner.pending(migrated_database_url, host) == []
        assert applied_revision(migrated_database_url) == "0001"

    def test_is_written_next_to_the_module(self, written: dict[str, Path]) -> None:
        assert written[FIRST].parts[-3:] == ("fleet", "migrations", "0001_add_vehicle_trip.py")

    def test_enables_row_security_and_change_capture(
        self, revisions: Revisions, migrated_database_url: str
    ) -> None:
        runner.upgrade(migrated_database_url, revisions(FIRST))
        add_vehicle(
            migrated_database_url, plate="B-TN 1", brand="VW", price_minor_units=100, price_currency="EUR"
        )
        [(entity, after)] = rows(migrated_database_url, "SELECT entity, after FROM change")
        assert entity == "Vehicle"
        assert after["price"] == {"minorUnits": 100, "currency": "EUR"}
        other = f"-c role=tenure_app -c tenure.tenant_id={uuid.uuid4()}"
        with psycopg.connect(migrated_database_url, options=other) as stranger:
            assert stranger.execute("SELECT FROM vehicle").fetchall() == []

    def test_is_reverted_completely(self, revisions: Revisions, migrated_database_url: str) -> None:
        before = dump_schema(migrated_database_url)
        host = revisions(FIRST)
        runner.upgrade(migrated_database_url, host)
        assert dump_schema(migrated_database_url) != before
        runner.downgrade(migrated_database_url, revision_set=plugin_revision_set(host["fleet"]))
        left = [line for line in dump_schema(migrated_database_url) if "alembic_version_fleet" not in line]
        assert left == before

    def test_is_visible_to_the_service_role(self, revisions: Revisions, migrated_database_url: str) -> None:
        host = revisions(FIRST)
        runner.upgrade(migrated_database_url, host)
        service = psycopg.conninfo.make_conninfo(migrated_database_url, options="-c role=tenure_app")
        assert runner.pending(service, host) == []


class TestNextRevision:
    def test_is_not_written_without_changes(self, revisions: Revisions, server_url: str) -> None:
        revisions(FIRST)
        assert write_revision(server_url, revisions(SECOND), "fleet") is None

    def test_applies_changed_declarations_and_is_reverted(
        self, revisions: Revisions, migrated_database_url: str
    ) -> None:
        url = migrated_database_url
        runner.upgrade(url, revisions(FIRST))
        add_vehicle(url, plate="B-TN 1", brand="VW", wheels=6)
        before = dump_schema(url)
        second = revisions(SECOND)
        runner.upgrade(url, second, allow_destructive=True)
        assert runner.differences(url, second.catalog) == []
        assert rows(url, "SELECT plate, wheels, seats FROM vehicle") == [("B-TN 1", "6", 0)]
        add_vehicle(url, plate="B-TN 2", colour="red", seats=2)
        [(after,)] = rows(url, "SELECT after FROM change ORDER BY seq DESC LIMIT 1")
        assert (after["colour"], "price" in after) == ("red", False)
        assert rows(url, "SELECT plate FROM vehicle WHERE search @@ 'red'") == [("B-TN 2",)]
        runner.downgrade(url, "0001", revision_set=plugin_revision_set(second["fleet"]))
        assert dump_schema(url) == before
        assert rows(url, "SELECT wheels, brand FROM vehicle ORDER BY plate") == [(6, ""), (4, "")]

    def test_contains_comments_on_values_for_existing_rows(self, written: dict[str, Path]) -> None:
        assert "# Existing rows get 0 as their seats: choose" in written[SECOND].read_text()

    def test_is_written_into_an_empty_folder(
        self, server_url: str, tmp_path: Path, migrated_database_url: str
    ) -> None:
        (tmp_path / "fleet" / "migrations").mkdir(parents=True)
        host = fleet(tmp_path, FIRST)
        runner.upgrade(migrated_database_url, host)
        assert write_revision(server_url, host, "fleet")

    def test_has_the_given_message(self, revisions: Revisions, server_url: str, tmp_path: Path) -> None:
        revisions(FIRST)
        path = write_revision(server_url, fleet(tmp_path, HARMLESS), "fleet", "Seats.")
        assert path
        assert path.name == "0002_seats.py"
        assert path.read_text().startswith('"""Seats."""')


class TestDataLoss:
    def test_is_rejected_unless_it_is_allowed(self, revisions: Revisions, migrated_database_url: str) -> None:
        runner.upgrade(migrated_database_url, revisions(FIRST))
        second = revisions(SECOND)
        [step] = runner.pending(migrated_database_url, second)
        assert set(step.losses) == {
            "drops the table trip",
            "drops the column vehicle.brand",
            "drops the column vehicle.price_minor_units",
            "drops the column vehicle.price_currency",
        }
        with pytest.raises(DestructiveMigrationError, match=r"fleet 0002 drops the .*--plan"):
            runner.upgrade(migrated_database_url, second)
        assert applied_revision(migrated_database_url) == "0001"

    def test_is_none_if_the_table_is_created_in_the_same_run(
        self, revisions: Revisions, migrated_database_url: str
    ) -> None:
        revisions(FIRST)
        host = revisions(SECOND)
        runner.upgrade(migrated_database_url, host)
        assert applied_revision(migrated_database_url) == "0002"

    def test_is_none_if_a_column_is_added(self, revisions: Revisions, migrated_database_url: str) -> None:
        for body in (FIRST, HARMLESS):
            host = revisions(body)
            runner.upgrade(migrated_database_url, host)
        assert runner.differences(migrated_database_url, host.catalog) == []


class TestRevisionSets:
    def test_the_core_and_plugins_are_migrated_independently(
        self, revisions: Revisions, migrated_database_url: str
    ) -> None:
        host = revisions(FIRST)
        runner.upgrade(migrated_database_url, host)
        both = dump_schema(migrated_database_url)
        runner.downgrade(migrated_database_url, "0004")
        assert {step.revision_set.plugin for step in runner.pending(migrated_database_url, host)} == {""}
        runner.upgrade(migrated_database_url, host)
        assert dump_schema(migrated_database_url) == both

    def test_revisions_of_a_plugin_that_is_not_loaded_are_ignored(
        self, revisions: Revisions, migrated_database_url: str
    ) -> None:
        runner.upgrade(migrated_database_url, revisions(FIRST))
        assert runner.pending(migrated_database_url) == []
        assert runner.upgrade(migrated_database_url) == []

    def test_a_database_of_a_newer_plugin_is_rejected_with_its_name(
        self, revisions: Revisions, migrated_database_url: str, tmp_path: Path
    ) -> None:
        host = revisions(FIRST)
        runner.upgrade(migrated_database_url, host)
        [revision] = (tmp_path / "fleet/migrations").glob("0001*.py")
        revision.unlink()
        with pytest.raises(MigrationFailedError, match=r"does not match this version of the plugin fleet"):
            runner.pending(migrated_database_url, host)


class TestFailures:
    @pytest.fixture
    def faulty(self, revisions: Revisions, tmp_path: Path) -> Host:
        """A revision that fails after its last operation."""
        host = revisions(FIRST)
        [revision] = (tmp_path / "fleet/migrations").glob("0001*.py")
        revision.write_text(revision.read_text().replace("\n\ndef downgrade", "    1 / 0\n\n\ndef downgrade"))
        return host

    def test_a_failing_revision_is_rolled_back_and_reported(
        self, faulty: Host, migrated_database_url: str
    ) -> None:
        with pytest.raises(MigrationFailedError, match=r"of the plugin fleet failed: ZeroDivisionError"):
            runner.upgrade(migrated_database_url, faulty, allow_destructive=True)
        assert rows(migrated_database_url, "SELECT to_regclass('vehicle')") == [(None,)]

    def test_a_revision_that_cannot_be_analyzed_counts_as_a_loss(
        self, faulty: Host, migrated_database_url: str
    ) -> None:
        with pytest.raises(DestructiveMigrationError, match=r"0001 cannot be analyzed before it runs"):
            runner.upgrade(migrated_database_url, faulty)


ORDER = """
class Order(Entity):
    '''An order, whose name SQL has for itself.'''

    metadata = METADATA
    user: Mapped[int] = column(default=1)


@hookimpl
def register_entities():
    return [Order]
"""


def test_the_type_of_a_column_with_a_reserved_name_is_changed(
    tmp_path: Path, migrated_database_url: str, server_url: str
) -> None:
    for body in (ORDER, ORDER.replace("[int] = column(default=1)", "[str] = column(default='1')")):
        host = fleet(tmp_path, body)
        assert write_revision(server_url, host, "fleet")
        runner.upgrade(migrated_database_url, host, allow_destructive=True)
    assert runner.differences(migrated_database_url, host.catalog) == []


def test_a_plugin_without_a_folder_is_rejected(server_url: str) -> None:
    host = load_host(Settings(), [plugin("fleet")])
    with pytest.raises(PluginError, match=r"fleet is not installed from a folder.*--editable"):
        write_revision(server_url, host, "fleet")


def test_a_plugin_that_is_not_loaded_is_rejected_with_the_loaded_ones(server_url: str) -> None:
    host = load_host(Settings(), [plugin("fleet")])
    with pytest.raises(PluginError, match=r"trucks is not loaded.*fleet"):
        write_revision(server_url, host, "trucks")
