"""Match keys, external keys and source versions of upsert rows. No I/O."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import ScalarField
from tenure_core.entities.scalar_types import validate_text
from tenure_core.write.results import ErrorCode, RowPath
from tenure_core.write.rows.validate import ExternalKey, external_key, record_id
from tenure_core.write.rows.value_parsers import InvalidValueError, check_length, parse_scalar

NUMBER = re.compile(r"[+-]?\d{1,100}(\.\d{1,100})?", re.ASCII)
MAX_URL_CHARACTERS = 2_000
"""Maximum length of the URL of a record in another system."""

MAX_QUOTED_CHARACTERS = 60
"""Maximum length of a source version in an error message."""


class OnConflict(StrEnum):
    """What an upsert does if the record exists.

    MERGE writes only the given fields. REPLACE also clears the fields not given. SKIP leaves the record
    unchanged.
    """

    MERGE = "MERGE"
    REPLACE = "REPLACE"
    SKIP = "SKIP"


class UniqueKey(NamedTuple):
    """A value of a unique field; at most one undeleted record has it."""

    field: str
    value: object


MatchKey = ExternalKey | UniqueKey | uuid.UUID
"""How an upsert row identifies its record."""


class Match(NamedTuple):
    """The parsed `match` of a row.

    Args:
        path: Path of the key in the row.
        key: The key.
        text: The key as text, for the result of the row.
    """

    path: RowPath
    key: MatchKey
    text: str


class RowKey(NamedTuple):
    """An external key in a row.

    Args:
        path: Path of the key in the row.
        key: The key.
        url: URL of the record in the other system; None if not given.
        source_version: Version of the record in the other system; None if not given.
    """

    path: RowPath
    key: ExternalKey
    url: str | None = None
    source_version: str | None = None


def read_match(entity: EntityInfo, value: object) -> Match:
    """Parse the `match` of a row.

    Raises:
        ValueError: The value is missing, or is not one of the accepted forms.
    """
    if isinstance(value, Mapping) and len(value) == 1:
        [(form, key)] = value.items()
        if form == "externalRef" and isinstance(key, Mapping) and key.keys() == {"system", "id"}:
            external = external_key(key["system"], key["id"])
            return Match(("match", "externalRef"), external, external.id)
        if form == "id":
            record = record_id(key)
            return Match(("match", "id"), record, str(record))
        if form == "uniqueKey" and isinstance(key, Mapping) and len(key) == 1:
            [(name, unique_value)] = key.items()
            return _match_unique_value(entity, name, unique_value)
    expected = 'expected {"externalRef": {"system": ..., "id": ...}} or {"id": ...}'
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, f"is required: {expected}")
    if names := [field.name for field in entity.unique_fields]:
        expected += f', or {{"uniqueKey": ...}} with one of {", ".join(names)}'
    raise ValueError(expected)


def _match_unique_value(entity: EntityInfo, name: object, value: object) -> Match:
    field = {field.name: field for field in entity.unique_fields}.get(str(name))
    if field is None:
        known = ", ".join(field.name for field in entity.unique_fields) or "none"
        raise ValueError(f"{name!r} is not a unique field of {entity.name}; unique fields: {known}")
    parsed = parse_scalar(field, value)
    return Match(("match", "uniqueKey", field.name), UniqueKey(field.name, parsed), str(parsed))


def unique_field(entity: EntityInfo, key: UniqueKey) -> ScalarField:
    """Return the field of a unique key."""
    return next(field for field in entity.unique_fields if field.name == key.field)


def read_ref(path: RowPath, value: object) -> RowKey:
    """Parse a member of `externalRefs`.

    Raises:
        ValueError: The value is not a valid reference.
    """
    known = {"system", "id", "url", "sourceVersion"}
    if not isinstance(value, Mapping) or not {"system", "id"} <= value.keys() <= known:
        raise ValueError("expected an object with system and id, and optionally url and sourceVersion")
    key = external_key(value["system"], value["id"])
    return RowKey(path, key, read_url(value.get("url")), read_source_version(value.get("sourceVersion")))


def read_url(value: object) -> str | None:
    """Parse the URL of a record in another system.

    Raises:
        ValueError: The value is not text, or is too long.
    """
    if value is None:
        return None
    text = validate_text(value)
    check_length(len(text), MAX_URL_CHARACTERS, "characters")
    return text


def read_source_version(value: object) -> str | None:
    """Parse the version of a record in another system, and return it as text.

    Raises:
        ValueError: The value is neither a number nor a timestamp.
    """
    if value is None:
        return None
    text = str(value) if type(value) is int or type(value) is float else validate_text(value)
    comparable_version(text)
    return text


@lru_cache(maxsize=4096)
def comparable_version(source_version: str) -> Decimal | datetime:
    """Return a source version as a number or a UTC timestamp.

    Raises:
        ValueError: The value is neither a number nor a timestamp.
    """
    if NUMBER.fullmatch(source_version):
        return Decimal(source_version)
    try:
        timestamp = datetime.fromisoformat(source_version)
        return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        text = source_version
        if len(text) > MAX_QUOTED_CHARACTERS:
            text = text[: MAX_QUOTED_CHARACTERS - 3] + "..."
        raise ValueError(f"{text!r} is neither a number nor a timestamp like 2026-03-31T09:30:00Z") from None


def is_older(source_version: str, other: str) -> bool:
    """Return whether a source version is older than another one.

    Raises:
        ValueError: One is a number and the other a timestamp.
    """
    first, second = comparable_version(source_version), comparable_version(other)
    if isinstance(first, Decimal) and isinstance(second, Decimal):
        return first < second
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first < second
    raise ValueError(f"{source_version!r} cannot be compared with {other!r}, which this system sent before")
