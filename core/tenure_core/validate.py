"""Validation: from a row as a client sent it to values by column, and all that is wrong with it. Pure.

A row is keyed by the API's names and holds JSON values. A field that is absent stays as it is, null clears
it; a value with parts, such as an address, is replaced as a whole.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from tenure_core.catalog import CompositeField, EntityInfo, Field, ScalarField, ToMany, ToOne
from tenure_core.formats import FORMATS
from tenure_core.kinds import ID, JSON, STRING, clean_text
from tenure_core.results import ErrorCode, RowPath, UserError

MEMBER_CHARACTERS = 100
"""The longest member of a list of texts, such as a tag."""

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


@dataclass
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


class _RefusedError(ValueError):
    """A value that is refused for another reason than being malformed."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def validate(entity: EntityInfo, row: Mapping[str, object], creating: bool) -> Validated:
    """Return what a row says, and everything that is wrong with it.

    Args:
        entity: What the row is of.
        row: JSON values by the API's names.
        creating: Whether it is a new record: what is required must be there, and defaults are filled in.
    """
    found = Validated()
    for name, value in row.items():
        _take(found, entity, name, value)
    if creating:
        complete(entity, row, found)
    return found


def complete(entity: EntityInfo, row: Mapping[str, object], found: Validated) -> None:
    """Add what a new record needs beside what its row says: defaults, and errors for what is missing."""
    for one in entity.fields.values():
        if one.name in row or isinstance(one, ToMany) or (isinstance(one, ScalarField) and not one.writable):
            continue
        if isinstance(one, ScalarField) and one.default is not None:
            found.values[one.column.name] = one.kind.parse(one.default)
        elif not one.nullable:
            found.errors.append(
                UserError(ErrorCode.REQUIRED, (one.name,), f"a new {entity.singular} needs it")
            )


def record_id(value: object) -> uuid.UUID:
    """Return the id that a client sent.

    Raises:
        ValueError: It is none.
    """
    if value is None:
        raise _RefusedError(ErrorCode.REQUIRED, "the record's id is needed")
    return cast(uuid.UUID, ID.parse(value))


def external_key(system: object, identity: object) -> ExternalKey:
    """Return another system's name for a record.

    Raises:
        ValueError: One of the two is no text, empty, or too long.
    """
    texts = clean_text(system), clean_text(identity)
    for text in texts:
        if not text.strip():
            raise _RefusedError(ErrorCode.REQUIRED, "an external reference needs both system and id")
        _refuse_longer(len(text), EXTERNAL_CHARACTERS, "characters")
    return ExternalKey(*texts)


def refused(error: ValueError, path: RowPath) -> UserError:
    """Return the error of a row for a value that was refused."""
    code = error.code if isinstance(error, _RefusedError) else ErrorCode.INVALID
    return UserError(code, path, str(error))


def _take(found: Validated, entity: EntityInfo, name: str, value: object) -> None:
    one = entity.fields.get(name)
    if one is None or isinstance(one, ToMany):
        found.errors.append(UserError(ErrorCode.UNKNOWN_FIELD, (name,), _unknown(entity, name, one)))
    elif isinstance(one, CompositeField):
        _take_composite(found, one, value)
    elif isinstance(one, ToOne):
        _take_reference(found, one, value)
    elif not one.writable:
        found.errors.append(UserError(ErrorCode.READ_ONLY, (name,), "the platform sets it; leave it out"))
    else:
        _take_scalar(found, one, (name,), value, one.nullable)


def _unknown(entity: EntityInfo, name: str, one: Field | None) -> str:
    if one is None:
        return f"{entity.name} has no field {name!r}"
    return f"{name} is a list that follows from its members; write those instead"


def _take_scalar(found: Validated, one: ScalarField, path: RowPath, value: object, nullable: bool) -> None:
    try:
        found.values[one.column.name] = _scalar(one, value, nullable)
    except ValueError as error:
        found.errors.append(refused(error, path))


def _scalar(one: ScalarField, value: object, nullable: bool) -> object:
    if value is None:
        if nullable:
            return None
        raise _RefusedError(ErrorCode.REQUIRED, "must not be null")
    if one.kind is JSON and not isinstance(value, Mapping):
        raise ValueError("expected an object with fields")
    parsed = one.kind.parse(value)
    if isinstance(parsed, str):
        return _text(one, parsed, nullable)
    if isinstance(parsed, list):
        return _members(one, parsed)
    if isinstance(parsed, int | float):
        _refuse_outside(one, parsed)
    return parsed


def _text(one: ScalarField, text: str, nullable: bool) -> str:
    if one.rules.max_length is not None:
        length, unit = (len(text.encode()), "bytes") if one.kind is JSON else (len(text), "characters")
        _refuse_longer(length, one.rules.max_length, unit)
    if one.kind is STRING and not nullable and not text.strip():
        raise _RefusedError(ErrorCode.REQUIRED, "must not be empty")
    return FORMATS[one.rules.format](text) if one.rules.format else text


def _members(one: ScalarField, members: list[str]) -> list[str]:
    if one.rules.max_length is not None:
        _refuse_longer(len(members), one.rules.max_length, "members")
    for member in members:
        if not member.strip():
            raise ValueError("a member of the list is empty")
        _refuse_longer(len(member), MEMBER_CHARACTERS, "characters in a member")
    return members


def _refuse_longer(length: int, limit: int, unit: str) -> None:
    if length > limit:
        raise _RefusedError(ErrorCode.TOO_LONG, f"has {length} {unit}; at most {limit} are allowed")


def _refuse_outside(one: ScalarField, number: float) -> None:
    low, high = one.rules.minimum, one.rules.maximum
    if low is not None and number < low:
        raise _RefusedError(ErrorCode.OUT_OF_RANGE, f"{number} is less than {low}, the least that is allowed")
    if high is not None and number > high:
        raise _RefusedError(ErrorCode.OUT_OF_RANGE, f"{number} is more than {high}, the most that is allowed")


def _take_composite(found: Validated, one: CompositeField, value: object) -> None:
    if value is None and not one.nullable:
        found.errors.append(UserError(ErrorCode.REQUIRED, (one.name,), "must not be null"))
    elif value is None:
        found.values.update({part.column.name: None for part in one.parts.values()})
    elif not isinstance(value, Mapping):
        parts = ", ".join(one.parts)
        found.errors.append(UserError(ErrorCode.INVALID, (one.name,), f"expected an object with {parts}"))
    else:
        _take_parts(found, one, value)


def _take_parts(found: Validated, one: CompositeField, value: Mapping[str, object]) -> None:
    for name in (name for name in value if name not in one.parts):
        message = f"{one.type_name} has no part {name!r}"
        found.errors.append(UserError(ErrorCode.UNKNOWN_FIELD, (one.name, name), message))
    for name, part in one.parts.items():
        _take_scalar(found, part, (one.name, name), value.get(name), name not in one.required)


def _take_reference(found: Validated, one: ToOne, value: object) -> None:
    if value is None and one.nullable:
        found.values[one.column.name] = None
        return
    try:
        path, key = _referenced(one, value)
    except ValueError as error:
        found.errors.append(refused(error, (one.name,)))
    else:
        found.references.append(Reference(path, one.column.name, one.target, key))


def _referenced(one: ToOne, value: object) -> tuple[RowPath, uuid.UUID | ExternalKey]:
    if value is None:
        raise _RefusedError(ErrorCode.REQUIRED, "must not be null")
    if isinstance(value, Mapping) and value.keys() == {"id"}:
        return (one.name, "id"), record_id(value["id"])
    external = value.get("externalRef") if isinstance(value, Mapping) and len(value) == 1 else None
    if isinstance(external, Mapping) and external.keys() == {"system", "id"}:
        return (one.name, "externalRef"), external_key(external["system"], external["id"])
    raise ValueError('expected either {"id": ...} or {"externalRef": {"system": ..., "id": ...}}')
