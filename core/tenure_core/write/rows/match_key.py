"""Matching: which record a row of an upsert means, by whose key, and what of the row is about that. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from tenure_core.catalog.catalog import EntityInfo, ScalarField
from tenure_core.entities.scalar_types import validate_text
from tenure_core.write.results import ErrorCode, RowPath
from tenure_core.write.rows.validate import ExternalKey, external_key, record_id
from tenure_core.write.rows.value_parsers import InvalidValueError, parse_scalar

NUMBER = re.compile(r"[+-]?\d{1,100}(\.\d{1,100})?", re.ASCII)
URL_CHARACTERS = 2_000
"""The longest address of a record in another system."""


class OnConflict(StrEnum):
    """What an upsert does with a record that is there already."""

    MERGE = "MERGE"
    REPLACE = "REPLACE"
    SKIP = "SKIP"


class UniqueKey(NamedTuple):
    """A value that only one living record has."""

    field: str
    value: object


MatchKey = ExternalKey | UniqueKey | uuid.UUID


class Match(NamedTuple):
    """The record that a row means.

    Args:
        path: Where the row says it.
        key: What names it.
        shown: The key as text, for the answer.
    """

    path: RowPath
    key: MatchKey
    shown: str


class RowKey(NamedTuple):
    """A key that another system has for the record of a row.

    Args:
        path: Where the row says it.
        key: The key.
        url: The record's address there; None where the row does not say.
        source_version: The record's version there; None where the row does not say.
    """

    path: RowPath
    key: ExternalKey
    url: str | None = None
    source_version: str | None = None


def read_match(entity: EntityInfo, value: object) -> Match:
    """Return which record a row means.

    Raises:
        ValueError: It does not say, or not in one of the ways there are.
    """
    if isinstance(value, Mapping) and len(value) == 1:
        [(way, key)] = value.items()
        if way == "externalRef" and isinstance(key, Mapping) and key.keys() == {"system", "id"}:
            external = external_key(key["system"], key["id"])
            return Match(("match", "externalRef"), external, external.id)
        if way == "id":
            identity = record_id(key)
            return Match(("match", "id"), identity, str(identity))
        if way == "uniqueKey" and isinstance(key, Mapping) and len(key) == 1:
            [(name, given)] = key.items()
            return _by_unique_value(entity, name, given)
    ways = 'expected {"externalRef": {"system": ..., "id": ...}} or {"id": ...}'
    if value is None:
        raise InvalidValueError(ErrorCode.REQUIRED, f"a row has to say which record it means: {ways}")
    unique = [one.name for one in entity.unique_fields]
    raise ValueError(ways + (f', or {{"uniqueKey": ...}} with one of {", ".join(unique)}' if unique else ""))


def _by_unique_value(entity: EntityInfo, name: object, given: object) -> Match:
    found = {one.name: one for one in entity.unique_fields}.get(str(name))
    if found is None:
        known = ", ".join(one.name for one in entity.unique_fields) or "none"
        raise ValueError(f"{name!r} is no unique field of {entity.name}; there are: {known}")
    value = parse_scalar(found, given)
    return Match(("match", "uniqueKey", found.name), UniqueKey(found.name, value), str(value))


def unique_field(entity: EntityInfo, key: UniqueKey) -> ScalarField:
    """Return the field that a unique key is a value of."""
    return next(one for one in entity.unique_fields if one.name == key.field)


def read_ref(path: RowPath, value: object) -> RowKey:
    """Return another system's key that a row adds to its record.

    Raises:
        ValueError: It is none.
    """
    known = {"system", "id", "url", "sourceVersion"}
    if not isinstance(value, Mapping) or not {"system", "id"} <= value.keys() <= known:
        raise ValueError("expected an object with system and id, and if need be url and sourceVersion")
    key = external_key(value["system"], value["id"])
    return RowKey(path, key, read_url(value.get("url")), read_source_version(value.get("sourceVersion")))


def read_url(value: object) -> str | None:
    """Return the address of a record in another system.

    Raises:
        ValueError: It is no text, or too long.
    """
    if value is None:
        return None
    if len(text := validate_text(value)) > URL_CHARACTERS:
        message = f"has {len(text)} characters; at most {URL_CHARACTERS} are allowed"
        raise InvalidValueError(ErrorCode.TOO_LONG, message)
    return text


def read_source_version(value: object) -> str | None:
    """Return the version of a record in another system, as text.

    Raises:
        ValueError: It is neither a number nor a time.
    """
    if value is None:
        return None
    text = str(value) if type(value) is int or type(value) is float else validate_text(value)
    comparable_version(text)
    return text


@lru_cache(maxsize=4096)
def comparable_version(source_version: str) -> Decimal | datetime:
    """Return what a source version is compared by.

    Raises:
        ValueError: It is neither a number nor a time.
    """
    if NUMBER.fullmatch(source_version):
        return Decimal(source_version)
    try:
        moment = datetime.fromisoformat(source_version)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        shown = source_version if len(source_version) <= 60 else source_version[:57] + "..."
        raise ValueError(f"{shown!r} is neither a number nor a time like 2026-03-31T09:30:00Z") from None


def is_older(source_version: str, known: str) -> bool:
    """Return whether a source version comes before another.

    Raises:
        ValueError: One is a number and the other a time.
    """
    mine, theirs = comparable_version(source_version), comparable_version(known)
    if isinstance(mine, Decimal) and isinstance(theirs, Decimal):
        return mine < theirs
    if isinstance(mine, datetime) and isinstance(theirs, datetime):
        return mine < theirs
    raise ValueError(f"{source_version!r} can't be compared with {known!r}, which this system sent before")
