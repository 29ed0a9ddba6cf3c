"""An entity as a plugin declares one, with a unique field, and what a plugin's migration would do for it."""

from __future__ import annotations

import json

import psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Mapped
from sqlalchemy.schema import CreateIndex, CreateTable

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import Catalog
from tenure_core.catalog.change_operation import capture_template
from tenure_core.entities.declaration import Entity, belongs_to, column
from tenure_core.entities.model import CORE_ENTITIES, Account


class Machine(Entity):
    """A machine that a customer runs."""

    account: Mapped[Account | None] = belongs_to(back="machines")
    serial_number: Mapped[str] = column(unique=True, max_length=40)
    number: Mapped[int | None] = column(unique=True)
    name: Mapped[str | None]


TABLE = Machine.__table__
DIALECT = PGDialect_psycopg()
DDL = [str(CreateTable(TABLE).compile(dialect=DIALECT))] + [
    str(CreateIndex(index).compile(dialect=DIALECT)) for index in TABLE.indexes
]
# The tables of the core are compared with their migrations: this one is in none of them.
Entity.metadata.remove(TABLE)


def machine_catalog() -> Catalog:
    """Return the core's entities and the machine."""
    return build_catalog((*CORE_ENTITIES, Machine))


def create_machines(database_url: str, catalog: Catalog) -> None:
    """Make the table."""
    template = json.dumps(capture_template(catalog["Machine"]))
    with psycopg.connect(database_url) as connection:
        for statement in DDL:
            connection.execute(statement)
        connection.execute("CALL tenure_protect('machine')")
        connection.execute("CALL tenure_capture('machine', 'Machine', %s::jsonb)", (template,))
