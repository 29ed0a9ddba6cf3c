"""Validates a row: from the JSON values of a client to values by column and a list of errors. No I/O.

Rows are keyed by field name. A field that is not included keeps its value, and null clears it. A composite
value, such as an address, is replaced as a whole.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial, singledispatch
from typing import NamedTuple, cast

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToMany, ToOne
from tenure_core.entities.scalar_types import ID, validate_text
from tenure_core.write.results import ErrorCode, RowPath, UserError
from tenure_core.write.rows.value_parsers import (
    InvalidValueError,
    ValueParser,
    check_length,
    parser_for,
)

MAX_EXTERNAL_CHARACTERS = 255
"""Maximum length of a system name, and of an id in a system."""


class ExternalKey(NamedTuple):
    """The id of a record in another system."""

    system: str
    id: str


@dataclass(frozen=True)
class Reference:
    """A reference of a row to a record.

    Args:
        path: Path of the reference in the row.
        column: The column that stores the id of the record.
        target: Name of the record's entity.
        key: The record's id or external key.
    """

    path: RowPath
    column: str
    target: str
    key: uuid.UUID | ExternalKey


@dataclass(slots=True)
class ParsedFields:
    """The parsed fields of a row.

    Args:
        values: The values to store, by column.
        references: The references whose record ids are not known yet.
        errors: The errors of the row; empty for a valid row.
    """

    values: dict[str, object] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    errors: list[UserError] = field(default_factory=list)


FieldSetter = Callable[[ParsedFields, object], None]
"""Parses a value of a field and adds it, or an error, to the parsed fields."""


def validate(entity: EntityInfo, row: Mapping[str, object], creating: bool) -> ParsedFields:
    """Validate a row.

    Args:
        entity: The entity of the row.
        row: JSON values by field name.
        creating: Whether the row creates a record: defaults are applied, and required fields must be present.

    Returns:
        The parsed fields with all errors.
    """
    parsed = ParsedFields()
    for name, value in row.items():
        setter_for(entity, name)(parsed, value)
    if creating:
        apply_defaults(entity, row, parsed)
    return parsed


def apply_defaults(entity: EntityInfo, row: Mapping[str, object], parsed: ParsedFields) -> None:
    """Add the defaults of fields that a new record's row does not include, and an error if there is none."""
    for name, column, default in _required_fields(entity):
        if name in row:
            continue
        if default is not None:
            parsed.values[column] = default
        else:
            parsed.errors.append(UserError(ErrorCode.REQUIRED, (name,), "is required"))


@lru_cache(maxsize=256)
def _required_fields(entity: EntityInfo) -> tuple[tuple[str, str, object], ...]:
    """Return the name, first column and default of each field that has a default or is not nullable."""
    return tuple(
        (field.name, columns_of(field)[0], field.default_value)
        for field in writable_fields(entity)
        if field.default_value is not None or not field.nullable
    )


def clear_unset(
    entity: EntityInfo, row: Mapping[str, object], parsed: ParsedFields, kept: Container[str]
) -> None:
    """Set the nullable fields that a row does not include to null.

    Args:
        entity: The entity of the row.
        row: JSON values by field name.
        parsed: The parsed fields of the row.
        kept: Names of fields that keep their value.
    """
    for writable in writable_fields(entity):
        if writable.name in row or writable.name in kept or not writable.nullable:
            continue
        for column in columns_of(writable):
            parsed.values.setdefault(column, None)


def columns_of(field: Field) -> tuple[str, ...]:
    """Return the columns of a field."""
    return tuple(str(column.name) for column in field.stored_columns)


@lru_cache(maxsize=256)
def writable_fields(entity: EntityInfo) -> tuple[Field, ...]:
    """Return the fields of an entity that a client may write."""
    return tuple(field for field in entity.fields.values() if field.writable)


def record_id(value: object) -> uuid.UUID:
    """Parse the id of a record.

    Raises:
        ValueError: The value is missing or not an id.
    """
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, "is required")
    return cast(uuid.UUID, ID.parse(value))


def external_key(system: object, record: object) -> ExternalKey:
    """Parse an external key.

    Raises:
        ValueError: A value is not text, empty, or too long.
    """
    return ExternalKey(external_text(system), external_text(record))


def external_text(value: object) -> str:
    """Parse the name of a system, or an id in a system.

    Raises:
        ValueError: The value is not text, empty, or too long.
    """
    text = validate_text(value)
    if not text.strip():
        raise InvalidValueError(ErrorCode.REQUIRED, "system and id must not be empty")
    check_length(len(text), MAX_EXTERNAL_CHARACTERS, "characters")
    return text


def to_user_error(error: ValueError, path: RowPath) -> UserError:
    """Return the error of a row for a value that a parser rejected."""
    code = error.code if isinstance(error, InvalidValueError) else ErrorCode.INVALID
    return UserError(code, path, str(error))


def setter_for(entity: EntityInfo, name: str) -> FieldSetter:
    """Return the setter of a field; the setter of an unknown field adds an error."""
    setter = _field_setters(entity).get(name)
    if setter is None:
        message = f"{entity.name} has no field {name!r}"
        return partial(_reject, UserError(ErrorCode.UNKNOWN_FIELD, (name,), message))
    return setter


@lru_cache(maxsize=256)
def _field_setters(entity: EntityInfo) -> Mapping[str, FieldSetter]:
    """Return the setters of all fields by name. They are cached because large writes spend most time here."""
    setters = {name: build_setter(field) for name, field in entity.fields.items()}
    return {name: setter for name, setter in setters.items() if setter is not None}


@singledispatch
def build_setter(field: Field) -> FieldSetter | None:
    """Return the setter of a field; None, the default, if rows cannot contain the field."""
    return None


@build_setter.register
def _(field: ScalarField) -> FieldSetter:
    return _scalar_setter(field) if field.writable else _read_only_setter(field)


@build_setter.register
def _(field: CompositeField) -> FieldSetter:
    if not field.writable:
        return _read_only_setter(field)
    return partial(_set_composite, field, _part_parsers(field))


@build_setter.register
def _(field: ToOne) -> FieldSetter:
    return partial(_set_reference, field)


@build_setter.register
def _(field: ToMany) -> FieldSetter:
    message = f"{field.name} is read-only; write the records of {field.target} instead"
    return partial(_reject, UserError(ErrorCode.UNKNOWN_FIELD, (field.name,), message))


def _read_only_setter(field: Field) -> FieldSetter:
    return partial(_reject, UserError(ErrorCode.READ_ONLY, (field.name,), "is read-only"))


def _reject(error: UserError, parsed: ParsedFields, _: object) -> None:
    parsed.errors.append(error)


def _scalar_setter(field: ScalarField) -> FieldSetter:
    parse, column, path = parser_for(field, field.nullable), str(field.column.name), (field.name,)

    def set_value(parsed: ParsedFields, value: object) -> None:
        try:
            parsed.values[column] = parse(value)
        except ValueError as error:
            parsed.errors.append(to_user_error(error, path))

    return set_value


PartParsers = tuple[tuple[str, str, ValueParser], ...]
"""The name, column and parser of each part of a composite field."""


def _part_parsers(field: CompositeField) -> PartParsers:
    return tuple(
        (name, str(part.column.name), parser_for(part, name not in field.required_parts))
        for name, part in field.parts.items()
    )


def _set_composite(field: CompositeField, parsers: PartParsers, parsed: ParsedFields, value: object) -> None:
    if value is None and not field.nullable:
        parsed.errors.append(UserError(ErrorCode.REQUIRED, (field.name,), "must not be null"))
    elif value is None:
        parsed.values.update({column: None for _, column, _ in parsers})
    elif not isinstance(value, Mapping):
        message = f"expected an object with {', '.join(field.parts)}"
        parsed.errors.append(UserError(ErrorCode.INVALID, (field.name,), message))
    else:
        _set_parts(field, parsers, parsed, value)


def _set_parts(
    field: CompositeField, parsers: PartParsers, parsed: ParsedFields, value: Mapping[str, object]
) -> None:
    for name in value.keys() - field.parts.keys():
        message = f"{field.type_name} has no field {name!r}"
        parsed.errors.append(UserError(ErrorCode.UNKNOWN_FIELD, (field.name, name), message))
    for name, column, parse in parsers:
        try:
            parsed.values[column] = parse(value.get(name))
        except ValueError as error:
            parsed.errors.append(to_user_error(error, (field.name, name)))


def _set_reference(field: ToOne, parsed: ParsedFields, value: object) -> None:
    if value is None and field.nullable:
        parsed.values[str(field.column.name)] = None
        return
    try:
        path, key = _parse_reference(field, value)
    except ValueError as error:
        parsed.errors.append(to_user_error(error, (field.name,)))
    else:
        parsed.references.append(Reference(path, str(field.column.name), field.target, key))


def _parse_reference(field: ToOne, value: object) -> tuple[RowPath, uuid.UUID | ExternalKey]:
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, "must not be null")
    if isinstance(value, Mapping) and value.keys() == {"operation"}:
        raise ValueError("only a batch can refer to an operation")
    if isinstance(value, Mapping) and value.keys() == {"id"}:
        return (field.name, "id"), record_id(value["id"])
    external = value.get("externalRef") if isinstance(value, Mapping) and len(value) == 1 else None
    if isinstance(external, Mapping) and external.keys() == {"system", "id"}:
        return (field.name, "externalRef"), external_key(external["system"], external["id"])
    raise ValueError('expected either {"id": ...} or {"externalRef": {"system": ..., "id": ...}}')
