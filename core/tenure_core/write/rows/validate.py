"""Validation: from a row as a client sent it to values by column, and all that is wrong with it. Pure.

A row is keyed by the API's names and holds JSON values. A field that is absent stays as it is, null clears
it; a value with parts, such as an address, is replaced as a whole.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple, cast

from tenure_core.catalog.catalog import CompositeField, EntityInfo, Field, ScalarField, ToMany, ToOne
from tenure_core.entities.scalar_types import ID, validate_text
from tenure_core.write.results import ErrorCode, RowPath, UserError
from tenure_core.write.rows.value_parsers import InvalidValueError, Reader, check_length, parser_for

EXTERNAL_CHARACTERS = 255
"""The longest name of a system, and the longest id in it."""


class ExternalKey(NamedTuple):
    """How another system names a record."""

    system: str
    id: str


@dataclass(frozen=True)
class Reference:
    """A record that a row refers to, as the client named it.

    Args:
        path: Where in the row it is named.
        column: The column that takes its id.
        target: The entity that it belongs to.
        key: Its id, or how another system names it.
    """

    path: RowPath
    column: str
    target: str
    key: uuid.UUID | ExternalKey


@dataclass(slots=True)
class Validated:
    """What a row says.

    Args:
        values: The values to write, by column.
        references: The records whose ids have yet to be found.
        errors: What is wrong; empty for a sound row.
    """

    values: dict[str, object] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)


FieldSetter = Callable[[Validated, object], None]
"""Puts the value of one field into what a row says."""

Writable = ScalarField | CompositeField | ToOne
"""A field that a client may write."""


def validate(entity: EntityInfo, row: Mapping[str, object], creating: bool) -> Validated:
    """Return what a row says, and everything that is wrong with it.

    Args:
        entity: What the row is of.
        row: JSON values by the API's names.
        creating: Whether it is a new record: what is required must be there, and defaults are filled in.
    """
    found = Validated()
    for name, value in row.items():
        setter_for(entity, name)(found, value)
    if creating:
        apply_defaults(entity, row, found)
    return found


def apply_defaults(entity: EntityInfo, row: Mapping[str, object], found: Validated) -> None:
    """Add what a new record needs beside what its row says: defaults, and errors for what is missing."""
    for one, column, default in _needs(entity):
        if one.name in row:
            continue
        if default is not None:
            found.values[column] = default
        else:
            found.errors.append(
                UserError(ErrorCode.REQUIRED, (one.name,), f"every {entity.singular} needs it")
            )


@lru_cache(maxsize=256)
def _needs(entity: EntityInfo) -> tuple[tuple[Writable, str, object], ...]:
    """Return the fields that no record lacks, each with its first column and its default."""
    found = []
    for one in writable_fields(entity):
        default = (
            one.scalar_type.parse(one.default)
            if isinstance(one, ScalarField) and one.default is not None
            else None
        )
        if default is not None or not one.nullable:
            found.append((one, columns_of(one)[0], default))
    return tuple(found)


def clear_unset(
    entity: EntityInfo, row: Mapping[str, object], found: Validated, kept: Container[str]
) -> None:
    """Empty what a row does not say, so that nothing stays of what the record held before.

    Args:
        entity: What the row is of.
        row: JSON values by the API's names.
        found: What the row says.
        kept: The names of fields that stay as they are.
    """
    for one in writable_fields(entity):
        if one.name in row or one.name in kept or not one.nullable:
            continue
        for column in columns_of(one):
            found.values.setdefault(column, None)


def columns_of(one: Writable) -> tuple[str, ...]:
    """Return the columns that a field's value is kept in."""
    if isinstance(one, CompositeField):
        return tuple(str(part.column.name) for part in one.parts.values())
    return (str(one.column.name),)


@lru_cache(maxsize=256)
def writable_fields(entity: EntityInfo) -> tuple[Writable, ...]:
    """Return the fields that a client may write."""
    return tuple(
        one
        for one in entity.fields.values()
        if isinstance(one, ToOne) or (isinstance(one, ScalarField | CompositeField) and one.writable)
    )


def record_id(value: object) -> uuid.UUID:
    """Return the id that a client sent.

    Raises:
        ValueError: It is none.
    """
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, "the record's id is needed")
    return cast(uuid.UUID, ID.parse(value))


def external_key(system: object, identity: object) -> ExternalKey:
    """Return another system's name for a record.

    Raises:
        ValueError: One of the two is no text, empty, or too long.
    """
    return ExternalKey(external_text(system), external_text(identity))


def external_text(value: object) -> str:
    """Return the name of a system, or an id in it.

    Raises:
        ValueError: It is no text, empty, or too long.
    """
    text = validate_text(value)
    if not text.strip():
        raise InvalidValueError(ErrorCode.REQUIRED, "neither a system's name nor an id in it may be empty")
    check_length(len(text), EXTERNAL_CHARACTERS, "characters")
    return text


def to_user_error(error: ValueError, path: RowPath) -> UserError:
    """Return the error of a row for a value that was refused."""
    code = error.code if isinstance(error, InvalidValueError) else ErrorCode.INVALID
    return UserError(code, path, str(error))


def setter_for(entity: EntityInfo, name: str) -> FieldSetter:
    """Return what takes the value of a field; where there is no such field, what says so."""
    take = _takers(entity).get(name)
    if take is None:
        message = f"{entity.name} has no field {name!r}"
        return partial(_refuse, UserError(ErrorCode.UNKNOWN_FIELD, (name,), message))
    return take


@lru_cache(maxsize=256)
def _takers(entity: EntityInfo) -> Mapping[str, FieldSetter]:
    """Return what takes each field's value, looked up once: most of a large write's time is spent here."""
    return {one.name: _taker(one) for one in entity.fields.values()}


def _taker(one: Field) -> FieldSetter:
    if isinstance(one, ToOne):
        return partial(_take_reference, one)
    if isinstance(one, ToMany):
        message = f"{one.name} is a list that follows from its members; write those instead"
        return partial(_refuse, UserError(ErrorCode.UNKNOWN_FIELD, (one.name,), message))
    if not one.writable:
        message = "the platform sets it; leave it out"
        return partial(_refuse, UserError(ErrorCode.READ_ONLY, (one.name,), message))
    if isinstance(one, CompositeField):
        return partial(_take_composite, one, _part_readers(one))
    return _scalar_taker(one)


def _refuse(error: UserError, found: Validated, _: object) -> None:
    found.errors.append(error)


def _scalar_taker(one: ScalarField) -> FieldSetter:
    read, column, path = parser_for(one, one.nullable), str(one.column.name), (one.name,)

    def take(found: Validated, value: object) -> None:
        try:
            found.values[column] = read(value)
        except ValueError as error:
            found.errors.append(to_user_error(error, path))

    return take


def _part_readers(one: CompositeField) -> tuple[tuple[str, str, Reader], ...]:
    return tuple(
        (name, str(part.column.name), parser_for(part, name not in one.required_parts))
        for name, part in one.parts.items()
    )


def _take_composite(
    one: CompositeField, readers: tuple[tuple[str, str, Reader], ...], found: Validated, value: object
) -> None:
    if value is None and not one.nullable:
        found.errors.append(UserError(ErrorCode.REQUIRED, (one.name,), "must not be null"))
    elif value is None:
        found.values.update({column: None for _, column, _ in readers})
    elif not isinstance(value, Mapping):
        parts = ", ".join(one.parts)
        found.errors.append(UserError(ErrorCode.INVALID, (one.name,), f"expected an object with {parts}"))
    else:
        _take_parts(one, readers, found, value)


def _take_parts(
    one: CompositeField,
    readers: tuple[tuple[str, str, Reader], ...],
    found: Validated,
    value: Mapping[str, object],
) -> None:
    for name in value.keys() - one.parts.keys():
        message = f"{one.type_name} has no part {name!r}"
        found.errors.append(UserError(ErrorCode.UNKNOWN_FIELD, (one.name, name), message))
    for name, column, read in readers:
        try:
            found.values[column] = read(value.get(name))
        except ValueError as error:
            found.errors.append(to_user_error(error, (one.name, name)))


def _take_reference(one: ToOne, found: Validated, value: object) -> None:
    if value is None and one.nullable:
        found.values[str(one.column.name)] = None
        return
    try:
        path, key = _referenced(one, value)
    except ValueError as error:
        found.errors.append(to_user_error(error, (one.name,)))
    else:
        found.references.append(Reference(path, str(one.column.name), one.target, key))


def _referenced(one: ToOne, value: object) -> tuple[RowPath, uuid.UUID | ExternalKey]:
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be null")
    if isinstance(value, Mapping) and value.keys() == {"operation"}:
        raise ValueError("there is no operation to refer to outside of a batch")
    if isinstance(value, Mapping) and value.keys() == {"id"}:
        return (one.name, "id"), record_id(value["id"])
    external = value.get("externalRef") if isinstance(value, Mapping) and len(value) == 1 else None
    if isinstance(external, Mapping) and external.keys() == {"system", "id"}:
        return (one.name, "externalRef"), external_key(external["system"], external["id"])
    raise ValueError('expected either {"id": ...} or {"externalRef": {"system": ..., "id": ...}}')
