"""The table of external references, which are the keys of records in other systems, and its API fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, MetaData, Table

from tenure_core.catalog.fields import ScalarField
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import DATE_TIME, ID, STRING, TEXT

EXTERNAL_REFS = "externalRefs"
"""The field of every record that lists its external references."""

EXTERNAL_REF = Table(
    "external_ref",
    MetaData(),
    Column("tenant_id", ID.sql_type, primary_key=True),
    Column("entity", TEXT, primary_key=True),
    Column("system", TEXT, primary_key=True),
    Column("external_id", TEXT, primary_key=True),
    Column("record_id", ID.sql_type, nullable=False),
    Column("url", TEXT),
    Column("source_version", TEXT),
    Column("synced_at", DATE_TIME.sql_type),
)

DESCRIPTIONS = {
    "system": "Name of the other system.",
    "external_id": "The record's id in the other system.",
    "url": "URL of the record in the other system; null if unknown.",
    "source_version": (
        "Version of the record in the other system, an integer or a timestamp; null if unknown."
    ),
    "synced_at": "When that system last changed the record, in UTC; null if unknown.",
}
"""The descriptions of the fields of an external reference, by column."""


def _build_field(column: Column[Any], description: str) -> ScalarField:
    return ScalarField(
        name=camel_case(column.name),
        description=description,
        nullable=bool(column.nullable),
        column=column,
        scalar_type=DATE_TIME if column.name == "synced_at" else STRING,
    )


REF_FIELDS: Mapping[str, ScalarField] = MappingProxyType(
    {
        camel_case(name): _build_field(EXTERNAL_REF.c[name], description)
        for name, description in DESCRIPTIONS.items()
    }
)
"""The fields of an external reference, by their names in the API."""
