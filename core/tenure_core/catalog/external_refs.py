"""External references as they are read: the table of the keys that other systems have for our records."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Column, MetaData, Table

from tenure_core.catalog.catalog import ScalarField
from tenure_core.entities.fields import Constraints
from tenure_core.entities.scalar_types import DATE_TIME, ID, STRING, TEXT, ScalarType

EXTERNAL_REFS = "externalRefs"
"""The field of every record that lists its keys in other systems."""

BY_EXTERNAL_REF = "ByExternalRef"
"""What the name of a record becomes the root field by that finds it by such a key."""

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


def _field(name: str, column: str, description: str, kind: ScalarType = STRING) -> ScalarField:
    found = EXTERNAL_REF.c[column]
    return ScalarField(name, found, kind, bool(found.nullable), False, None, Constraints(), description)


REF_FIELDS: Mapping[str, ScalarField] = MappingProxyType(
    {
        field.name: field
        for field in (
            _field("system", "system", "The other system's name."),
            _field("externalId", "external_id", "The record's key there."),
            _field("url", "url", "The record's address there."),
            _field("sourceVersion", "source_version", "The record's version there: a number or a time."),
            _field(
                "syncedAt", "synced_at", "When that system last wrote something new of it here.", DATE_TIME
            ),
        )
    }
)
"""What is said of each reference, by its name in the API."""
