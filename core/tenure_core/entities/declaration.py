"""Declaration of entities: Entity, Composite, Money, column() and belongs_to().

An entity class defines its table, GraphQL types, filters, mutations and permissions.

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

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True)
class _Column:
    """Arguments of `column()`, until the class is complete and its annotations can be evaluated."""

    options: dict[str, Any]
    constraints: Constraints


@dataclass(frozen=True)
class _Reference:
    """Arguments of `belongs_to()`."""

    back: str
    doc: str


def column(
    *,
    doc: str = "",
    default: Any = None,  # noqa: ANN401  # a value of the annotated type
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
) -> Any:  # noqa: ANN401  # type checkers see the annotated type of the attribute
    """Declare a field. The annotation `Mapped[...]` defines its scalar type and whether it is nullable.

    Args:
        doc: Description in the API, one sentence. Default: "The " and the name of the field.
        default: Value in new records if the client sends none.
        scalar_type: Scalar type, if the Python type is ambiguous (`BIG_INT` for `int`).
        enum_name: Name of an enum to which plugins can add values.
        search: Whether the text search includes the field.
        index: Whether the table has an index for lists that are sorted by the field.
        unique: Whether the value is unique among the tenant's records that are not deleted. Upserts can match
            records by a unique field.
        max_length: Maximum length of a text in characters, of a list in members, of a JSON document in bytes.
        minimum: Smallest number allowed.
        maximum: Largest number allowed.
        format: "email", "phone", "url", "currency", "country" or "language".
        personal: Whether the field contains personal data, which exports and erasure requests cover.
        writable: Whether clients can write the field. If not, only the code of the entity's plugin writes it,
            with `context.write` or its session; the field must be nullable or have a default.
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


def belongs_to(*, back: str, doc: str = "") -> Any:  # noqa: ANN401  # as for column()
    """Declare a to-one relation to the annotated entity.

    Args:
        back: Name of the inverse to-many relation: "contacts" for the account of a contact.
        doc: Description in the API, one sentence. Default: "The " and the name of the field.
    """
    return _Reference(back, doc)


class Composite:
    """Base of composite values. Each part is a column of the table; the value is an object in the API.

    Class arguments:
        is_amount: Whether the value is an amount with the parts `minor_units` and `currency`, of which the
            API computes aggregates.
    """

    __parts__: ClassVar[tuple[ColumnDeclaration, ...]] = ()
    __is_amount__: ClassVar[bool] = False

    def __init_subclass__(cls, *, is_amount: bool = False) -> None:
        fields = tuple(_build_fields(cls))
        cls.__parts__ = tuple(f for f in fields if isinstance(f, ColumnDeclaration))
        cls.__is_amount__ = is_amount
        if len(cls.__parts__) != len(fields):
            raise DeclarationError(
                f"{cls.__name__} has a part that is a reference or a composite.", "Declare scalar parts only."
            )
        for part in cls.__parts__:
            if part.unique or not part.writable:
                option = "unique=True" if part.unique else "writable=False"
                raise DeclarationError(
                    f"The part {cls.__name__}.{part.name} is declared with {option}.",
                    "Use this option for whole fields only.",
                )


class Entity(DeclarativeBase):
    """Base of all entities. It adds the system fields and builds the table.

    Class arguments:
        order_by: Field by which lists are sorted by default; "-" before it means descending. Default: "id".
        plural: Name of the list in the API. Default: the English plural of the class name.
    """

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    __abstract__ = True
    # Each table has its own column. Sessions filter by this attribute for all entities.
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
        cls.__fields__ = (ID_FIELD, *_build_fields(cls), *VERSION_FIELDS)
        cls.__order__ = order_by
        cls.__plural__ = plural or pluralize(cls.__name__)
        cls.__tablename__ = snake_case(cls.__name__)
        _check_table_name(cls)
        # Only the text search reads this column.
        cls.__mapper_args__ = {"exclude_properties": ["search"]}
        _clear_declarations(cls)
        for table_column in table_columns(cls.__fields__):
            setattr(cls, table_column.key, table_column)
        cls.__table_args__ = tuple(table_constraints(cls.__tablename__, cls.__fields__, cls.__order__))
        super().__init_subclass__(**options)


def _check_table_name(cls: type[Entity]) -> None:
    for mapper in cls.registry.mappers:
        other = mapper.class_
        if mapper.local_table is cls.metadata.tables.get(cls.__tablename__):
            raise DeclarationError(
                f"The table {cls.__tablename__} belongs to two classes: {other.__module__}.{other.__name__} "
                f"and {cls.__module__}.{cls.__name__}.",
                "Rename one of the two classes.",
            )


def _clear_declarations(cls: type) -> None:
    """Remove the declarations from a class, so that SQLAlchemy sees only the columns that are set later."""
    for name in [n for n, value in cls.__dict__.items() if isinstance(value, _Column | _Reference)]:
        delattr(cls, name)
    hints = inspect.get_annotations(cls)
    cls.__annotations__ = {name: hint for name, hint in hints.items() if "Mapped" not in str(hint)}


def _build_system_field(
    name: str, scalar_type: ScalarType, doc: str, *, nullable: bool = False, index: bool = False
) -> ColumnDeclaration:
    return ColumnDeclaration(name, name, scalar_type, nullable, doc, index=index, writable=False)


ID_FIELD = _build_system_field("id", ID, "Id of the record, a UUIDv7.")
VERSION_FIELDS = (
    _build_system_field(
        "version", INT, "Version of the record: 1 after its creation, plus 1 for each write."
    ),
    _build_system_field("created_at", DATE_TIME, "Time at which the record was created.", index=True),
    # Not indexed: an index on a column that each update changes would prevent HOT updates.
    _build_system_field("updated_at", DATE_TIME, "Time of the last write to the record."),
    _build_system_field(
        "deleted_at",
        DATE_TIME,
        "Time at which the record was deleted; null if it is not deleted.",
        nullable=True,
    ),
)


def _build_fields(cls: type) -> Iterator[FieldDeclaration]:
    hints = typing.get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    for name in inspect.get_annotations(cls):
        if typing.get_origin(hints[name]) is Mapped:
            python_type, nullable = _split_optional(typing.get_args(hints[name])[0])
            declaration = cls.__dict__.get(name, column())
            yield _build_field(cls.__name__, name, python_type, nullable, declaration)


def _split_optional(annotation: object) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(annotation) if a is not type(None)]
        if len(members) == 1:
            return members[0], True
    return annotation, False


def _build_field(
    owner: str, name: str, python_type: type, nullable: bool, declaration: object
) -> FieldDeclaration:
    if isinstance(declaration, _Reference):
        doc = declaration.doc or f"The {humanize(name)}."
        return ReferenceDeclaration(name, f"{name}_id", python_type, nullable, declaration.back, doc)
    if not isinstance(declaration, _Column):
        raise DeclarationError(
            f"{owner}.{name} has the value {declaration!r}.", "Declare it with column() or belongs_to()."
        )
    options = {**declaration.options, "doc": declaration.options["doc"] or f"The {humanize(name)}."}
    _check_fillable(f"{owner}.{name}", nullable, options)
    if isinstance(python_type, type) and issubclass(python_type, Composite):
        parts = tuple(_build_part(name, part, nullable, options) for part in python_type.__parts__)
        return CompositeDeclaration(name, python_type, parts, nullable, options["doc"])
    options["scalar_type"] = _choose_scalar_type(f"{owner}.{name}", python_type, options)
    return ColumnDeclaration(name, name, nullable=nullable, constraints=declaration.constraints, **options)


def _choose_scalar_type(field: str, python_type: type, options: dict[str, Any]) -> ScalarType | None:
    if options["scalar_type"] or options["enum_name"]:
        return options["scalar_type"]  # type: ignore[no-any-return]  # an argument of column()
    scalar_type = type_for(python_type)
    if scalar_type is None:
        raise DeclarationError(
            f"{field} has the unsupported type {python_type!r}.",
            "Use str, int, float, bool, date, datetime, list[str], dict[str, Any], a StrEnum or a Composite.",
        )
    return scalar_type


def _check_fillable(field: str, nullable: bool, options: dict[str, Any]) -> None:
    if not (options["writable"] or nullable or options["default"] is not None):
        raise DeclarationError(
            f"{field} is required, but clients cannot write it.",
            "Add a default or make it nullable: Mapped[... | None].",
        )


def _build_part(
    owner: str, part: ColumnDeclaration, nullable: bool, options: dict[str, Any]
) -> ColumnDeclaration:
    return replace(
        part,
        column=f"{owner}_{part.name}",
        nullable=part.nullable or nullable,
        personal=part.personal or options["personal"],
        writable=options["writable"],
    )


class Money(Composite, is_amount=True):
    """A monetary amount in one currency."""

    minor_units: Mapped[int] = column(
        scalar_type=BIG_INT,
        doc="Amount in the smallest unit of the currency, such as cents: 1250 is 12.50 EUR.",
    )
    currency: Mapped[str] = column(
        format="currency", max_length=3, doc="Currency as an ISO 4217 code, such as EUR."
    )
