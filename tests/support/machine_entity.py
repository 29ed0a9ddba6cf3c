"""An entity with unique fields, as a plugin declares it, and the statements that create its table."""

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
# A test compares the metadata with the core migrations, which do not create this table.
Entity.metadata.remove(TABLE)


def machine_catalog() -> Catalog:
    """Return a catalog of the core entities and the machine."""
    return build_catalog((*CORE_ENTITIES, Machine))


def create_machines(database_url: str, catalog: Catalog) -> None:
    """Create the table."""
    template = json.dumps(capture_template(catalog["Machine"]))
    with psycopg.connect(database_url) as connection:
        for statement in DDL:
            connection.execute(statement)
        connection.execute("CALL tenure_enable_row_security('machine')")
        connection.execute("CALL tenure_capture('machine', 'Machine', %s::jsonb)", (template,))
