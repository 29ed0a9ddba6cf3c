"""Parses the rows of an upsert: fields, match key, external keys and per-row options. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.write.field_ownership import ForeignFields, validate_own_fields
from tenure_core.write.results import ErrorCode, RowPath, RowResult, UserError
from tenure_core.write.rows.match_key import (
    Match,
    MatchKey,
    OnConflict,
    RowKey,
    read_match,
    read_ref,
    read_source_version,
    read_url,
)
from tenure_core.write.rows.pending_row import EXPECTED_VERSION, PendingRow, Row
from tenure_core.write.rows.validate import ExternalKey, to_user_error
from tenure_core.write.rows.validate_columns import validate_uniform_rows

MATCH, ON_CONFLICT, SOURCE_VERSION, URL, REFS = "match", "onConflict", "sourceVersion", "url", "externalRefs"
ROW_OPTIONS = frozenset((MATCH, ON_CONFLICT, EXPECTED_VERSION, SOURCE_VERSION, URL, REFS))
"""Keys of a row that are not fields of its record."""

MAX_REFS = 100
"""Maximum number of keys in `externalRefs` of a row."""


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """Replaces a row that could not be decoded; the upsert rejects it with the given errors.

    Args:
        errors: The errors.
    """

    errors: tuple[UserError, ...]


@dataclass(slots=True)
class UpsertRow(PendingRow):
    """A row of an upsert; `fields` may also contain row options.

    Args:
        match: The key that the row is matched by; None if it is missing or invalid.
        mode: What to do if the record exists.
        keys: The external keys of the record; the key that the row is matched by is the first.
        matched_by_key: Whether the row is matched by an external key.
        new_keys: Those of the keys that this call added.
    """

    match: Match | None = None
    mode: OnConflict = OnConflict.MERGE
    keys: list[RowKey] = field(default_factory=list)
    matched_by_key: bool = False
    new_keys: list[ExternalKey] = field(default_factory=list)

    @property
    def match_key(self) -> MatchKey | None:
        """The key that the row is matched by."""
        return self.match.key if self.match else None

    @property
    def match_path(self) -> RowPath:
        """Path of the match key in the row."""
        return self.match.path if self.match else (MATCH,)

    @property
    def external_keys(self) -> Sequence[ExternalKey]:
        """The external keys of the record."""
        return [key.key for key in self.keys]

    @property
    def own_key(self) -> RowKey | None:
        """The external key that the row is matched by; None if it is matched by an id or a unique value."""
        return self.keys[0] if self.matched_by_key else None

    @property
    def added_keys(self) -> list[RowKey]:
        """The keys in `externalRefs`."""
        return self.keys[1:] if self.matched_by_key else self.keys

    @property
    def is_new(self) -> bool:
        """Whether this call added the key that the row is matched by, so that no record exists."""
        key = self.own_key
        return key is not None and key.key in self.new_keys

    @property
    def may_skip(self) -> bool:
        """Whether the row is skipped if its record exists, which is known once the record is locked."""
        return self.mode is OnConflict.SKIP and not self.is_new

    @property
    def may_be_unchanged(self) -> bool:
        """Whether a comparison of field values decides that the row changes nothing."""
        key = self.own_key
        return (
            self.mode is OnConflict.MERGE
            and self.expected_version is None
            and not self.new_keys
            and not self.added_keys
            and not self.parsed.references
            and not (key and (key.url or key.source_version))
        )

    def to_result(self, key: str | None = None) -> RowResult:
        """Return the result of the row, which includes the key that the row is matched by."""
        return PendingRow.to_result(self, key or (self.match.text if self.match else None))


class ParsedRow:
    """A row that was parsed ahead of its write.

    Args:
        sent: The row as sent.
        parsed: The parsed row.
    """

    __slots__ = ("_parsed", "sent")

    def __init__(self, sent: object, parsed: UpsertRow) -> None:
        self.sent = sent
        self._parsed: UpsertRow | None = parsed

    def take(self) -> UpsertRow | None:
        """Return the parsed row on the first call, and None later: a retried write parses the row again."""
        parsed, self._parsed = self._parsed, None
        return parsed


def parse_ahead(entity: EntityInfo, sent: Sequence[object], on_conflict: OnConflict) -> list[ParsedRow]:
    """Parse rows before they are written; `parse_rows` accepts the results in place of the rows."""
    parsed = parse_rows(entity, sent, {}, on_conflict)
    return [ParsedRow(row, parsed_row) for row, parsed_row in zip(sent, parsed, strict=True)]


def parse_rows(
    entity: EntityInfo, sent: Sequence[object], foreign: ForeignFields, on_conflict: OnConflict
) -> list[UpsertRow]:
    """Parse rows, with the errors that their values show.

    Args:
        entity: The entity of the rows.
        sent: The rows as sent, of any type; also `ParsedRow` and `MalformedRow`.
        foreign: The fields that another system owns. If there are any, rows parsed ahead are parsed again.
        on_conflict: The mode of rows without `onConflict`.

    Returns:
        One row per sent row; each contains its position.
    """
    rows: dict[int, UpsertRow] = {}
    uniform: dict[tuple[str, ...], dict[int, Row]] = {}
    for index, row in enumerate(sent):
        if isinstance(row, ParsedRow) and not foreign and (parsed := row.take()):
            parsed.index = index
            rows[index] = parsed
            continue
        content = row.sent if isinstance(row, ParsedRow) else row
        if isinstance(content, Mapping):
            uniform.setdefault(tuple(content), {})[index] = content
        else:
            rows[index] = _reject_malformed(index, content)
    for names, group in uniform.items():
        rows.update(_parse_uniform_rows(entity, group, names, foreign, on_conflict))
    return [rows[index] for index in range(len(sent))]


def _reject_malformed(index: int, sent: object) -> UpsertRow:
    row = UpsertRow(index)
    if isinstance(sent, MalformedRow):
        row.parsed.errors += sent.errors
    else:
        row.add_error(ErrorCode.INVALID, (), "expected an object with fields")
    return row


def _parse_uniform_rows(
    entity: EntityInfo,
    sent: Mapping[int, Row],
    names: Sequence[str],
    foreign: ForeignFields,
    on_conflict: OnConflict,
) -> dict[int, UpsertRow]:
    """Parse rows that all have the same keys, by position."""
    fields = [name for name in names if name not in ROW_OPTIONS]
    rows: dict[int, UpsertRow] = {}
    if foreign.keys().isdisjoint(fields):
        parsed_rows = validate_uniform_rows(entity, list(sent.values()), fields)
        for (index, row), parsed in zip(sent.items(), parsed_rows, strict=True):
            rows[index] = UpsertRow(index, row, parsed, mode=on_conflict)
    else:
        for index, row in sent.items():
            values = {name: row[name] for name in fields}
            own, parsed, notes = validate_own_fields(entity, values, foreign)
            rows[index] = UpsertRow(index, own, parsed, notes=notes, mode=on_conflict)
    for index, upsert_row in rows.items():
        _parse_match(entity, upsert_row, sent[index])
        if len(names) > len(fields) + 1:
            _parse_options(upsert_row, sent[index])
    return rows


def _parse_match(entity: EntityInfo, row: UpsertRow, sent: Row) -> None:
    value = sent.get(MATCH)
    try:
        row.match = match = read_match(entity, value)
    except ValueError as error:
        name = value if isinstance(value, Mapping) and len(value) == 1 else ()
        row.parsed.errors.append(to_user_error(error, (MATCH, *name)))
    else:
        if isinstance(match.key, ExternalKey):
            row.keys.append(RowKey(match.path, match.key))
            row.matched_by_key = True


def _parse_options(row: UpsertRow, sent: Row) -> None:
    row.read_expected_version(sent)
    _parse_mode(row, sent.get(ON_CONFLICT))
    _parse_source(row, sent)
    refs = sent.get(REFS)
    if refs is not None and (not isinstance(refs, list) or len(refs) > MAX_REFS):
        row.add_error(ErrorCode.INVALID, (REFS,), f"expected a list of at most {MAX_REFS} references")
        return
    for index, ref in enumerate(refs or ()):
        path: RowPath = (REFS, index)
        try:
            row.keys.append(read_ref(path, ref))
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, path))


def _parse_mode(row: UpsertRow, mode: object) -> None:
    if mode is None:
        return
    try:
        row.mode = OnConflict(str(mode))
    except ValueError:
        row.add_error(ErrorCode.INVALID, (ON_CONFLICT,), f"expected one of {', '.join(OnConflict)}")


def _parse_source(row: UpsertRow, sent: Row) -> None:
    values: dict[str, str | None] = {}
    for name, read in ((URL, read_url), (SOURCE_VERSION, read_source_version)):
        try:
            values[name] = read(sent.get(name))
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, (name,)))
        else:
            if values[name] is not None and row.match is not None and row.own_key is None:
                message = "is only allowed in a row that is matched by externalRef"
                row.add_error(ErrorCode.INVALID, (name,), message)
    if key := row.own_key:
        row.keys[0] = RowKey(key.path, key.key, values.get(URL), values.get(SOURCE_VERSION))
