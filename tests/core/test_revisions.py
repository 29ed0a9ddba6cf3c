"""Revisions of plugins: written from declarations, run forth and back, and what they take away is known."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.core.plugins.packages import write_plugin
from tests.small_plugins import plugin

from tenure_core import migrate
from tenure_core.errors import PluginError
from tenure_core.histories import MigrationFailedError, history_of
from tenure_core.migrate import DestructiveMigrationError
from tenure_core.plugins import Host, load_host
from tenure_core.revisions import write_revision
from tenure_core.settings import Settings
from tenure_core.shape import shape_of

TENANT = uuid.UUID(int=7)

FIRST = '''
class Vehicle(Entity):
    """A vehicle."""

    metadata = APART
    account: Mapped[Account | None] = belongs_to(back="vehicles")
    plate: Mapped[str] = column(unique=True, search=True, max_length=20)
    price: Mapped[Money | None]
    tags: Mapped[list[str]] = column(default=[])
    extra: Mapped[dict[str, Any]] = column(default={})
    wheels: Mapped[int] = column(default=4)


class Trip(Entity, order_by="-created_at"):
    """A trip."""

    metadata = APART
    vehicle: Mapped[Vehicle] = belongs_to(back="trips")
    driven_on: Mapped[date | None]


@hookimpl
def register_entities():
    return [Trip, Vehicle]
'''

SECOND = '''
class Vehicle(Entity):
    """A vehicle."""

    metadata = APART
    account: Mapped[Account | None] = belongs_to(back="vehicles")
    plate: Mapped[str] = column(search=True, max_length=20)
    colour: Mapped[str | None] = column(search=True, index=True)
    tags: Mapped[list[str]] = column(default=[])
    extra: Mapped[dict[str, Any]] = column(default={})
    wheels: Mapped[str] = column(default="4")


@hookimpl
def register_entities():
    return [Vehicle]
'''

HARMLESS = FIRST.replace("tags: Map", "seats: Mapped[int] = column(default=4)\n    tags: Map")


def fleet(folder: Path, body: str) -> Host:
    return load_host(Settings(), [write_plugin(folder, body)])


def add_vehicle(url: str, **columns: object) -> None:
    names, places = ", ".join(columns), ", ".join("%s" for _ in columns)
    with psycopg.connect(url) as owner:
        owner.execute(
            f"INSERT INTO vehicle (tenant_id, {names}) VALUES (%s, {places})", (TENANT, *columns.values())
        )


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as owner:
        return owner.execute(query).fetchall()


class TestTheFirstRevision:
    def test_makes_all_that_the_declaration_says(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        written = write_revision(server_url, host, "fleet")
        assert written == tmp_path / "fleet/migrations/0001_add_vehicle_trip.py"
        done = migrate.upgrade(empty_database_url, host)
        assert str(done[-1]) == "fleet 0001: Add vehicle, trip."
        assert migrate.differences(empty_database_url, host.catalog) == []
        assert migrate.pending(empty_database_url, host) == []
        assert migrate.current(empty_database_url, host)[-1] == "fleet 0001"

    def test_keeps_tenants_apart_and_captures_changes(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        add_vehicle(empty_database_url, plate="B-TN 1", price_minor_units=100, price_currency="EUR")
        [(entity, after)] = rows(empty_database_url, "SELECT entity, after FROM change")
        assert entity == "Vehicle"
        assert after["price"] == {"minorUnits": 100, "currency": "EUR"}
        other = f"-c role=tenure_app -c tenure.tenant_id={uuid.uuid4()}"
        with psycopg.connect(empty_database_url, options=other) as stranger:
            assert stranger.execute("SELECT FROM vehicle").fetchall() == []

    def test_goes_back_without_a_trace(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        migrate.upgrade(empty_database_url)
        before = shape_of(empty_database_url)
        host = fleet(tmp_path, FIRST)
        write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        assert shape_of(empty_database_url) != before
        migrate.downgrade(empty_database_url, history=history_of(host["fleet"]))
        left = [line for line in shape_of(empty_database_url) if "alembic_version_fleet" not in line]
        assert left == before

    def test_is_seen_by_a_login_that_only_serves(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        service = psycopg.conninfo.make_conninfo(empty_database_url, options="-c role=tenure_app")
        assert migrate.pending(service, host) == []


class TestTheNextRevision:
    def test_is_not_written_where_nothing_is_lacking(self, tmp_path: Path, server_url: str) -> None:
        assert write_revision(server_url, fleet(tmp_path, FIRST), "fleet")
        assert write_revision(server_url, fleet(tmp_path, FIRST), "fleet") is None

    def test_changes_what_is_declared_otherwise_and_goes_back(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        first = fleet(tmp_path, FIRST)
        write_revision(server_url, first, "fleet")
        migrate.upgrade(empty_database_url, first)
        add_vehicle(empty_database_url, plate="B-TN 1", wheels=6)
        before = shape_of(empty_database_url)
        second = fleet(tmp_path, SECOND)
        write_revision(server_url, second, "fleet", "Colours. ")
        migrate.upgrade(empty_database_url, second, allow_destructive=True)
        assert migrate.differences(empty_database_url, second.catalog) == []
        assert write_revision(server_url, second, "fleet") is None
        assert rows(empty_database_url, "SELECT plate, wheels FROM vehicle") == [("B-TN 1", "6")]
        add_vehicle(empty_database_url, plate="B-TN 2", colour="red")
        [(after,)] = rows(empty_database_url, "SELECT after FROM change ORDER BY seq DESC LIMIT 1")
        assert (after["colour"], "price" in after) == ("red", False)
        assert rows(empty_database_url, "SELECT plate FROM vehicle WHERE search @@ 'red'") == [("B-TN 2",)]
        migrate.downgrade(empty_database_url, "0001", history=history_of(second["fleet"]))
        assert shape_of(empty_database_url) == before
        assert rows(empty_database_url, "SELECT wheels FROM vehicle ORDER BY plate") == [(6,), (4,)]


class TestWhatTakesDataAway:
    def test_is_refused_and_named_until_somebody_says_that_it_may(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        first = fleet(tmp_path, FIRST)
        write_revision(server_url, first, "fleet")
        migrate.upgrade(empty_database_url, first)
        second = fleet(tmp_path, SECOND)
        write_revision(server_url, second, "fleet")
        [step] = migrate.pending(empty_database_url, second)
        assert set(step.losses) == {
            "drops the table trip",
            "drops the column vehicle.price_minor_units",
            "drops the column vehicle.price_currency",
        }
        with pytest.raises(DestructiveMigrationError, match=r"fleet 0002 drops the table trip.*--plan"):
            migrate.upgrade(empty_database_url, second)
        assert migrate.current(empty_database_url, second)[-1] == "fleet 0001"

    def test_is_no_loss_where_what_goes_is_made_in_the_same_run(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        for body in (FIRST, SECOND):
            host = fleet(tmp_path, body)
            write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        assert migrate.current(empty_database_url, host)[-1] == "fleet 0002"

    def test_is_nothing_where_a_column_is_added(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        for body in (FIRST, HARMLESS):
            host = fleet(tmp_path, body)
            write_revision(server_url, host, "fleet")
            migrate.upgrade(empty_database_url, host)
        assert migrate.differences(empty_database_url, host.catalog) == []


class TestHistories:
    def test_core_and_plugin_do_not_mind_who_moves_first(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        both = shape_of(empty_database_url)
        migrate.downgrade(empty_database_url, "0004")
        assert [str(step.history.plugin) for step in migrate.pending(empty_database_url, host)] != []
        migrate.upgrade(empty_database_url, host)
        assert shape_of(empty_database_url) == both

    def test_a_plugin_that_is_not_loaded_stops_nothing(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        assert migrate.pending(empty_database_url) == []
        assert migrate.upgrade(empty_database_url) == []

    def test_a_database_of_a_newer_plugin_is_refused_with_its_name(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        written = write_revision(server_url, host, "fleet")
        migrate.upgrade(empty_database_url, host)
        assert written
        written.rename(tmp_path / "away.py")
        with pytest.raises(MigrationFailedError, match=r"does not fit this version of the plugin fleet"):
            migrate.pending(empty_database_url, host)

    def test_a_faulty_revision_is_undone_and_named(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        written = write_revision(server_url, host, "fleet")
        assert written
        written.write_text(written.read_text().replace("\n\ndef downgrade", "    1 / 0\n\n\ndef downgrade"))
        with pytest.raises(MigrationFailedError, match=r"of the plugin fleet is faulty: ZeroDivisionError"):
            migrate.upgrade(empty_database_url, host, allow_destructive=True)
        assert rows(empty_database_url, "SELECT to_regclass('vehicle')") == [(None,)]

    def test_a_revision_that_can_not_be_looked_at_is_taken_for_a_loss(
        self, tmp_path: Path, server_url: str, empty_database_url: str
    ) -> None:
        host = fleet(tmp_path, FIRST)
        written = write_revision(server_url, host, "fleet")
        assert written
        written.write_text(written.read_text().replace("\n\ndef downgrade", "    1 / 0\n\n\ndef downgrade"))
        with pytest.raises(DestructiveMigrationError, match=r"0001 can't be looked at before it runs"):
            migrate.upgrade(empty_database_url, host)


def test_a_plugin_without_a_folder_of_its_own_is_refused(server_url: str) -> None:
    host = load_host(Settings(), [plugin("fleet")])
    with pytest.raises(PluginError, match=r"fleet is not installed from a folder.*--editable"):
        write_revision(server_url, host, "fleet")


def test_a_plugin_that_is_not_loaded_is_refused_with_those_that_are(server_url: str) -> None:
    host = load_host(Settings(), [plugin("fleet")])
    with pytest.raises(PluginError, match=r"trucks is not loaded.*fleet"):
        write_revision(server_url, host, "trucks")
