"""The words of a declaration: Entity, Composite, column(), belongs_to().

From a declared class alone follow its table, its GraphQL types, its filters, its mutations and its access.

    class Equipment(Entity):
        '''A machine that a customer runs and we maintain.'''

        account: Mapped[Account] = belongs_to(back="equipment")
        serial_number: Mapped[str] = column(search=True, max_length=40)
        installed_on: Mapped[date]
"""

from __future__ import annotations

import inspect
import types
import typing
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tenure_core.entities.fields import (
    ColumnDeclaration,
    CompositeDeclaration,
    Constraints,
    FieldDeclaration,
    ReferenceDeclaration,
)
from tenure_core.entities.naming import humanize, pluralize, snake_case
from tenure_core.entities.scalar_types import BIG_INT, DATE_TIME, ID, INT, ScalarType, type_for
from tenure_core.entities.tables import table_columns, table_constraints
from tenure_core.errors import DeclarationError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True)
class _Column:
    """What `column()` was told, until the class is complete and the annotation can be read."""

    options: dict[str, Any]
    rules: Constraints


@dataclass(frozen=True)
class _Reference:
    """What `belongs_to()` was told."""

    back: str
    doc: str


Word = Any
"""What a word of a declaration returns: it stands where an attribute of the annotated type is declared."""

Default = Any
"""A value of the annotated type."""


def column(
    *,
    doc: str = "",
    default: Default = None,
    scalar_type: ScalarType | None = None,
    enum_name: str | None = None,
    search: bool = False,
    index: bool = False,
    unique: bool = False,
    max_length: int | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    format: str | None = None,
    personal: bool = False,
    writable: bool = True,
) -> Word:
    """Declare a field. Its kind and whether it may be empty come from the annotation.

    Args:
        doc: What it is, as one sentence; by default the field's name in words.
        default: What a new record gets where the caller says nothing.
        scalar_type: The scalar type, where the Python type does not tell it (`BIG_INT`).
        enum_name: The name of a list of values that plugins may extend.
        search: Whether the text search looks at it.
        index: Whether lists are often ordered by it: it gets an index that serves pages in that order.
        unique: Whether no two living records of a tenant may have the same value; writers can then name a
            record by it.
        max_length: Characters of a text, members of a list, or bytes of a JSON document, at most.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.
        format: "email", "phone", "url", "currency", "country" or "language".
        personal: Whether it tells something of a person, who may ask for it and have it erased.
        writable: Whether clients write it. Where not, they read it, and only the code of the entity's plugin
            writes it, by `context.write` or its session. It is empty or has a default at first.
    """
    options = {
        "doc": doc,
        "default": default,
        "scalar_type": scalar_type,
        "enum_name": enum_name,
        "search": search,
        "index": index,
        "unique": unique,
        "personal": personal,
        "writable": writable,
    }
    return _Column(options, Constraints(max_length, minimum, maximum, format))


def belongs_to(*, back: str, doc: str = "") -> Word:
    """Declare a reference to one record of the annotated entity.

    Args:
        back: The name of the list on the other side: `Account.contacts` for a contact's account.
        doc: What it is, as one sentence.
    """
    return _Reference(back, doc)


class Composite:
    """A value with parts, which subclasses declare: one column each in the table, one object in the API."""

    __parts__: ClassVar[tuple[ColumnDeclaration, ...]] = ()

    def __init_subclass__(cls) -> None:
        fields = tuple(_declared_fields(cls))
        cls.__parts__ = tuple(f for f in fields if isinstance(f, ColumnDeclaration))
        if any(part.unique for part in cls.__parts__):
            raise DeclarationError(f"{cls.__name__} has a unique part.", "Only a whole field can be unique.")
        if not all(part.writable for part in cls.__parts__):
            raise DeclarationError(
                f"{cls.__name__} has a part that clients do not write.", "Only a whole field can be so."
            )
        if len(cls.__parts__) != len(fields):
            raise DeclarationError(
                f"{cls.__name__} has a part that is no plain column.", "Parts hold one value each."
            )


class Entity(DeclarativeBase):
    """The base of every declared entity: gives id, version and the three times, and builds the table.

    Class arguments:
        order_by: What lists are ordered by where the caller says nothing; "-" in front means descending.
        plural: The name of the list in the API; by default the English plural of the class name.
    """

    metadata = MetaData(naming_convention=NAMING)
    __abstract__ = True
    # Every table has its own; this one stands for all of them where a session says the tenant.
    tenant_id: Mapped[uuid.UUID] = mapped_column(ID.sql_type)
    if TYPE_CHECKING:
        id: Mapped[uuid.UUID]
        version: Mapped[int]
        created_at: Mapped[datetime]
        updated_at: Mapped[datetime]
        deleted_at: Mapped[datetime | None]
    __fields__: ClassVar[tuple[FieldDeclaration, ...]]
    __order__: ClassVar[str]
    __plural__: ClassVar[str]

    def __init_subclass__(cls, *, order_by: str = "id", plural: str = "", **options: object) -> None:
        cls.__fields__ = (*_identity_fields(), *_declared_fields(cls), *_record_fields())
        cls.__order__ = order_by
        cls.__plural__ = plural or pluralize(cls.__name__)
        cls.__tablename__ = snake_case(cls.__name__)
        _refuse_second(cls)
        # The words of the text search are for its index alone.
        cls.__mapper_args__ = {"exclude_properties": ["search"]}
        _clear_declarations(cls)
        for built in table_columns(cls.__fields__):
            setattr(cls, built.key, built)
        cls.__table_args__ = tuple(table_constraints(cls.__tablename__, cls.__fields__, cls.__order__))
        super().__init_subclass__(**options)


def _refuse_second(cls: type[Entity]) -> None:
    for mapper in cls.registry.mappers:
        other = mapper.class_
        if mapper.local_table is cls.metadata.tables.get(cls.__tablename__):
            raise DeclarationError(
                f"{cls.__module__}.{cls.__name__} has the table {cls.__tablename__}, which is that of "
                f"{other.__module__}.{other.__name__} already.",
                "Rename one of the two classes.",
            )


def _clear_declarations(cls: type) -> None:
    """Take the words off a class, so that SQLAlchemy finds plain columns only."""
    for name in [n for n, word in cls.__dict__.items() if isinstance(word, _Column | _Reference)]:
        delattr(cls, name)
    hints = inspect.get_annotations(cls)
    cls.__annotations__ = {name: hint for name, hint in hints.items() if "Mapped" not in str(hint)}


def _kept(
    name: str, kind: ScalarType, doc: str, *, nullable: bool = False, index: bool = False
) -> ColumnDeclaration:
    """A field that the platform keeps: clients read it, and never write it."""
    return ColumnDeclaration(name, name, kind, nullable, doc, index=index, writable=False)


def _identity_fields() -> Iterator[ColumnDeclaration]:
    yield _kept("id", ID, "The record's identity, a UUIDv7.")


def _record_fields() -> Iterator[ColumnDeclaration]:
    yield _kept("version", INT, "How often the record was written; starts at 1.")
    yield _kept("created_at", DATE_TIME, "When the record was created.", index=True)
    # Without an index: one on a column that each update changes would make PostgreSQL write all indexes anew.
    yield _kept("updated_at", DATE_TIME, "When the record was last changed.")
    yield _kept("deleted_at", DATE_TIME, "When the record was deleted; empty while it lives.", nullable=True)


def _declared_fields(cls: type) -> Iterator[FieldDeclaration]:
    hints = typing.get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    for name in inspect.get_annotations(cls):
        if typing.get_origin(hints[name]) is Mapped:
            python_type, nullable = _without_none(typing.get_args(hints[name])[0])
            yield _declare(cls.__name__, name, python_type, nullable, cls.__dict__.get(name, column()))


def _without_none(annotation: object) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(annotation) if a is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _declare(owner: str, name: str, python_type: type, nullable: bool, word: object) -> FieldDeclaration:
    if isinstance(word, _Reference):
        doc = word.doc or f"The {humanize(name)}."
        return ReferenceDeclaration(name, f"{name}_id", python_type, nullable, word.back, doc)
    if not isinstance(word, _Column):
        raise DeclarationError(f"{owner}.{name} is declared with {word!r}.", "Use column() or belongs_to().")
    _refuse_unfillable(f"{owner}.{name}", nullable, word)
    doc = word.options["doc"] or f"The {humanize(name)}."
    if isinstance(python_type, type) and issubclass(python_type, Composite):
        parts = tuple(_part_of(name, part, nullable, word) for part in python_type.__parts__)
        return CompositeDeclaration(name, python_type, parts, nullable, doc)
    scalar_type = word.options["scalar_type"] or (None if word.options["enum_name"] else type_for(python_type))
    if scalar_type is None and not word.options["enum_name"]:
        raise DeclarationError(
            f"{owner}.{name} has the type {python_type!r}, which no column can hold.",
            "Use str, int, float, bool, date, datetime, list[str], dict[str, Any], a StrEnum or a Composite.",
        )
    return ColumnDeclaration(
        name, name, nullable=nullable, constraints=word.rules, **{**word.options, "doc": doc, "scalar_type": scalar_type}
    )


def _refuse_unfillable(field: str, nullable: bool, word: _Column) -> None:
    if not (word.options["writable"] or nullable or word.options["default"] is not None):
        raise DeclarationError(
            f"{field} must not be empty, and clients that create a record can't fill it.",
            "Give it a default, or let it be empty: Mapped[... | None].",
        )


def _part_of(owner: str, part: ColumnDeclaration, nullable: bool, word: _Column) -> ColumnDeclaration:
    return replace(
        part,
        column=f"{owner}_{part.name}",
        nullable=part.nullable or nullable,
        personal=part.personal or word.options["personal"],
        writable=word.options["writable"],
    )


class Money(Composite):
    """An amount of money in one currency."""

    minor_units: Mapped[int] = column(
        scalar_type=BIG_INT, doc="The amount in the currency's smallest unit: cents, pence, yen."
    )
    currency: Mapped[str] = column(format="currency", max_length=3, doc="The ISO 4217 code of the currency.")
