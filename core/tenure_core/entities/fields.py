"""Declared fields as immutable values. Entity classes contain them; the catalog and the tables read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenure_core.entities.scalar_types import ID, ScalarType

if TYPE_CHECKING:
    from tenure_core.entities.declaration import Composite, Entity


RESERVED_FIELD_NAMES = frozenset(
    (
        "match",
        "onConflict",
        "expectedVersion",
        "sourceVersion",
        "url",
        "externalRefs",
        "idempotencyKey",
        "history",
        "and",
        "or",
        "not",
        "search",
    )
)
"""API names that no field may have, because filters, mutation inputs or object types define fields of that
name."""

SYSTEM_FIELDS = frozenset(("id", "version", "createdAt", "updatedAt", "deletedAt"))
"""API names of the fields that the platform adds to every entity and sets itself."""


@dataclass(frozen=True)
class Constraints:
    """Constraints on a value, in addition to its scalar type.

    Args:
        max_length: Maximum length of a text in characters, of a list in members, of a JSON document in bytes.
        minimum: Smallest number allowed.
        maximum: Largest number allowed.
        format: Name of a format in `tenure_core.entities.formats`, such as "email".
    """

    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    format: str | None = None


@dataclass(frozen=True)
class ColumnDeclaration:
    """A declared field with one column.

    Args:
        name: Name in Python; for a part of a composite, the name of the part.
        column: Name of the column.
        scalar_type: Scalar type; None if `enum_name` is set.
        nullable: Whether the value can be null.
        doc: Description in the API, one sentence.
        default: Value in new records if the client sends none; None for no default.
        enum_name: Name of an enum to which plugins can add values, such as "ActivityKind".
        search: Whether the text search includes the field.
        index: Whether the table has an index for lists that are sorted by the field.
        unique: Whether the value is unique among the tenant's records that are not deleted.
        constraints: Constraints on the values.
        writable: Whether clients can write the field.
        personal: Whether the field contains personal data, which exports and erasure requests cover.
    """

    name: str
    column: str
    scalar_type: ScalarType | None
    nullable: bool
    doc: str
    default: Any = None
    enum_name: str | None = None
    search: bool = False
    index: bool = False
    unique: bool = False
    constraints: Constraints = Constraints()
    writable: bool = True
    personal: bool = False


@dataclass(frozen=True)
class CompositeDeclaration:
    """A declared field with a composite value, such as `Money`: one column for each part."""

    name: str
    type: type[Composite]
    parts: tuple[ColumnDeclaration, ...]
    nullable: bool
    doc: str


@dataclass(frozen=True)
class ReferenceDeclaration:
    """A declared to-one relation, and the name of its inverse to-many relation."""

    name: str
    column: str
    target: type[Entity]
    nullable: bool
    back: str
    doc: str


FieldDeclaration = ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration


def list_columns(fields: tuple[FieldDeclaration, ...]) -> Iterator[ColumnDeclaration]:
    """Yield all columns: those of scalar fields, of the parts of composites, and of references, as ids."""
    for field in fields:
        if isinstance(field, CompositeDeclaration):
            yield from field.parts
        elif isinstance(field, ReferenceDeclaration):
            yield ColumnDeclaration(field.name, field.column, ID, field.nullable, field.doc)
        else:
            yield field
