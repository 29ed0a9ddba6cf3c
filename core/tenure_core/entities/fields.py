"""Declarations as plain values: what a class written with the words of `entities` says."""

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
"""Names that stand beside a record's fields in a filter, in the input of a write, or in its output."""

SYSTEM_FIELDS = frozenset(("id", "version", "createdAt", "updatedAt", "deletedAt"))
"""Names of the fields that the platform gives to every entity, and keeps itself."""


@dataclass(frozen=True)
class Constraints:
    """What a value must keep, beside its kind.

    Args:
        max_length: Characters of a text, members of a list, or bytes of a JSON document, at most.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.
        format: The name of a format in `tenure_core.entities.formats`, such as "email".
    """

    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    format: str | None = None


@dataclass(frozen=True)
class ColumnDeclaration:
    """A field as it was declared, before the catalog gives it its name in the API.

    Args:
        name: Its Python name; for a part of a composite, the part's own name.
        column: The name of its column.
        kind: Its kind; None where `choice` names a list that plugins extend.
        nullable: Whether it may be empty.
        doc: What it is, as one sentence.
        default: What a new record gets where the caller says nothing; None for nothing.
        choice: The name of the list of its values, such as "ActivityKind".
        search: Whether the text search looks at it.
        index: Whether lists are often ordered by it.
        unique: Whether no two living records of a tenant may have the same value.
        rules: What its values must keep.
        writable: Whether a client may set it.
        personal: Whether it tells something of a person, who may ask for it and have it erased.
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
    """A field whose value has parts, one column each: `Money`, `Address`, `Consent`."""

    name: str
    type: type[Composite]
    parts: tuple[ColumnDeclaration, ...]
    nullable: bool
    doc: str


@dataclass(frozen=True)
class ReferenceDeclaration:
    """A field that points to one record of another entity, and the list that points back."""

    name: str
    column: str
    target: type[Entity]
    nullable: bool
    back: str
    doc: str


FieldDeclaration = ColumnDeclaration | CompositeDeclaration | ReferenceDeclaration
"""Everything that a class may declare."""


def list_columns(fields: tuple[FieldDeclaration, ...]) -> Iterator[ColumnDeclaration]:
    """Yield every field that has a column of its own, references as ids."""
    for field in fields:
        if isinstance(field, CompositeDeclaration):
            yield from field.parts
        elif isinstance(field, ReferenceDeclaration):
            yield ColumnDeclaration(field.name, field.column, ID, field.nullable, field.doc)
        else:
            yield field
