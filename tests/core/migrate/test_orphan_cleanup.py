"""Leftovers: when a revision drops an entity, nothing of it is kept, and everything of all others is."""

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

    metadata = APART
    plate: Mapped[str] = column(max_length=20)
"""
TRIP = CAR.replace("Car", "Trip").replace("car", "trip").replace("plate", "goal")
REGISTERED = """
@hookimpl
def register_entities():
    return [{}]
"""
KEPT = ("change", "external_ref", "field_owner")


def with_both(folder: Path) -> Host:
    return load_host(Settings(), [write_plugin(folder, CAR + TRIP + REGISTERED.format("Car, Trip"))])


def with_cars(folder: Path) -> Host:
    return load_host(Settings(), [write_plugin(folder, CAR + REGISTERED.format("Car"))])


@pytest.fixture
def url(migrated_database_url: str, server_url: str, tmp_path: Path) -> str:
    """A database with a car and a trip, each with a key in another system and a field that belongs to it."""
    write_revision(server_url, with_both(tmp_path), "fleet")
    upgrade(migrated_database_url, with_both(tmp_path))
    tenant = ensure_tenant(migrated_database_url, "fleet")
    with psycopg.connect(migrated_database_url) as owner:
        for entity, field in (("Car", "plate"), ("Trip", "goal")):
            made = f"INSERT INTO {entity.lower()} (tenant_id, {field}) VALUES (%s, 'x')"
            owner.execute(made, (tenant,))
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


def known(url: str) -> list[set[str]]:
    with psycopg.connect(url) as owner:
        return [
            {str(entity) for (entity,) in owner.execute(f"SELECT entity FROM {table}").fetchall()}
            for table in KEPT
        ]


def test_a_dropped_entity_leaves_no_trace(url: str, server_url: str, tmp_path: Path) -> None:
    assert known(url) == [{"Car", "Trip"}] * 3
    fewer = with_cars(tmp_path)
    write_revision(server_url, fewer, "fleet")
    upgrade(url, fewer, allow_destructive=True)
    assert known(url) == [{"Car"}] * 3
    downgrade(url, "0001", history=plugin_revision_set(fewer["fleet"]))
    assert known(url) == [{"Car"}] * 3


def test_one_that_comes_back_in_the_same_run_begins_anew(url: str, server_url: str, tmp_path: Path) -> None:
    write_revision(server_url, with_cars(tmp_path), "fleet")
    again = with_both(tmp_path)
    write_revision(server_url, again, "fleet")
    upgrade(url, again, allow_destructive=True)
    assert known(url) == [{"Car"}] * 3


def test_nor_does_one_on_the_way_back(url: str, tmp_path: Path) -> None:
    downgrade(url, history=plugin_revision_set(with_both(tmp_path)["fleet"]))
    assert known(url) == [set()] * 3
