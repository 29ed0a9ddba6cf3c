"""When a revision drops an entity, its rows in core tables are deleted; other rows are kept."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from tests.support.plugin_files import write_plugin

from tenure_core.access.api_keys import ensure_tenant
from tenure_core.migrate.autogenerate import write_revision
from tenure_core.migrate.revision_sets import plugin_revision_set
from tenure_core.migrate.runner import downgrade, upgrade
from tenure_core.plugins.host import Host, load_host
from tenure_core.settings import Settings

CAR = """
class Car(Entity):
    '''A car.'''

    metadata = METADATA
    plate: Mapped[str] = column(max_length=20)
"""
TRIP = CAR.replace("Car", "Trip").replace("car", "trip").replace("plate", "goal")
REGISTERED = """
@hookimpl
def register_entities():
    return [{}]
"""
TABLES = ("change", "external_ref", "field_owner")


def with_both(folder: Path) -> Host:
    return load_host(Settings(), [write_plugin(folder, CAR + TRIP + REGISTERED.format("Car, Trip"))])


def with_cars(folder: Path) -> Host:
    return load_host(Settings(), [write_plugin(folder, CAR + REGISTERED.format("Car"))])


@pytest.fixture
def url(migrated_database_url: str, server_url: str, tmp_path: Path) -> str:
    """A database with a car and a trip, each with an external reference and a field owner."""
    write_revision(server_url, with_both(tmp_path), "fleet")
    upgrade(migrated_database_url, with_both(tmp_path))
    tenant = ensure_tenant(migrated_database_url, "fleet")
    with psycopg.connect(migrated_database_url) as owner:
        for entity, field in (("Car", "plate"), ("Trip", "goal")):
            insert = f"INSERT INTO {entity.lower()} (tenant_id, {field}) VALUES (%s, 'x')"
            owner.execute(insert, (tenant,))
            owner.execute(
                """INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
                VALUES (%s, %s, 'erp', '1', tenure_uuid7())""",
                (tenant, entity),
            )
            owner.execute(
                """INSERT INTO field_owner (tenant_id, entity, field, system, policy)
                VALUES (%s, %s, %s, 'erp', 'REJECT')""",
                (tenant, entity, field),
            )
    return migrated_database_url


def list_entities(url: str) -> list[set[str]]:
    with psycopg.connect(url) as owner:
        return [
            {str(entity) for (entity,) in owner.execute(f"SELECT entity FROM {table}").fetchall()}
            for table in TABLES
        ]


def test_rows_of_a_dropped_entity_are_deleted(url: str, server_url: str, tmp_path: Path) -> None:
    assert list_entities(url) == [{"Car", "Trip"}] * 3
    fewer = with_cars(tmp_path)
    write_revision(server_url, fewer, "fleet")
    upgrade(url, fewer, allow_destructive=True)
    assert list_entities(url) == [{"Car"}] * 3
    downgrade(url, "0001", revision_set=plugin_revision_set(fewer["fleet"]))
    assert list_entities(url) == [{"Car"}] * 3


def test_rows_are_deleted_if_the_entity_is_added_again_in_the_same_run(
    url: str, server_url: str, tmp_path: Path
) -> None:
    write_revision(server_url, with_cars(tmp_path), "fleet")
    again = with_both(tmp_path)
    write_revision(server_url, again, "fleet")
    upgrade(url, again, allow_destructive=True)
    assert list_entities(url) == [{"Car"}] * 3


def test_rows_are_deleted_by_a_downgrade(url: str, tmp_path: Path) -> None:
    downgrade(url, revision_set=plugin_revision_set(with_both(tmp_path)["fleet"]))
    assert list_entities(url) == [set()] * 3
