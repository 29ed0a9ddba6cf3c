"""Incoming rows: what another system sends of a record that it names by a key of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.write.results import ErrorCode, RowPath, RowResult, UserError
from tenure_core.write.rows.match_key import (
    Match,
    OnConflict,
    RowKey,
    read_match,
    read_ref,
    read_source_version,
    read_url,
)
from tenure_core.write.rows.pending_row import EXPECTED_VERSION, ForeignFields, PendingRow, Row, read_fields
from tenure_core.write.rows.validate import ExternalKey, to_user_error
from tenure_core.write.rows.validate_columns import validate_uniform_rows

MATCH, ON_CONFLICT, SOURCE_VERSION, URL, REFS = "match", "onConflict", "sourceVersion", "url", "externalRefs"
ABOUT_THE_ROW = frozenset((MATCH, ON_CONFLICT, EXPECTED_VERSION, SOURCE_VERSION, URL, REFS))
"""What stands in a row beside the fields of its record."""

MAX_REFS = 100
"""How many keys one row may add to its record."""


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """Stands in the place of a row that could not be read, so that it is refused as faulty rows are.

    Args:
        errors: Why.
    """

    errors: tuple[UserError, ...]


@dataclass(slots=True)
class UpsertRow(PendingRow):
    """One row of an upsert; `row` may be all that was sent: what stands beside fields has names of its own.

    Args:
        match: The record that it means; None where it does not say.
        mode: What becomes of a record that is there already.
        refs: The keys that other systems have for the record; the one that it is matched by comes first.
        by_key: Whether it is matched by one.
        claimed: Those of the keys that were nobody's before.
    """

    match: Match | None = None
    mode: OnConflict = OnConflict.MERGE
    refs: list[RowKey] = field(default_factory=list)
    by_key: bool = False
    claimed: list[ExternalKey] = field(default_factory=list)

    @property
    def own(self) -> RowKey | None:
        """The key that it is matched by, where that is another system's."""
        return self.refs[0] if self.by_key else None

    @property
    def added(self) -> list[RowKey]:
        """The keys that it adds to its record."""
        return self.refs[1:] if self.by_key else self.refs

    @property
    def is_new(self) -> bool:
        """Whether its own key named nothing a moment ago, so that there is no record to find."""
        own = self.own
        return own is not None and own.key in self.claimed

    @property
    def may_skip(self) -> bool:
        """Whether it wants nothing of a record that is there already, as only its lock will tell."""
        return self.mode is OnConflict.SKIP and not self.is_new

    @property
    def may_be_unchanged(self) -> bool:
        """Whether only the values of its record tell if it says anything new."""
        own = self.own
        return (
            self.mode is OnConflict.MERGE
            and self.expected is None
            and not self.claimed
            and not self.added
            and not self.parsed.references
            and not (own and (own.url or own.source_version))
        )

    def to_result(self, index: int) -> RowResult:
        """Return what became of it, under the key that it came with."""
        return self.result(index, self.match.shown if self.match else None)


class ParsedRow:
    """Stands in the place of a row that was read already, while others were written.

    Args:
        sent: The row as it was sent.
        read: What was read of it.
    """

    __slots__ = ("_read", "sent")

    def __init__(self, sent: object, read: UpsertRow) -> None:
        self.sent = sent
        self._read: UpsertRow | None = read

    def take(self) -> UpsertRow | None:
        """Return what was read; None from the second time on, as a row that is tried again is read anew."""
        read, self._read = self._read, None
        return read


def read_ahead(entity: EntityInfo, sent: Sequence[object], on_conflict: OnConflict) -> list[ParsedRow]:
    """Return rows that stand for what they say, as `read_rows` takes them."""
    read = read_rows(entity, sent, {}, on_conflict)
    return [ParsedRow(row, said) for row, said in zip(sent, read, strict=True)]


def read_rows(
    entity: EntityInfo, sent: Sequence[object], foreign: ForeignFields, on_conflict: OnConflict
) -> list[UpsertRow]:
    """Return rows as they were sent, each with all that its values alone tell to be wrong.

    Args:
        entity: What they are of.
        sent: The rows; anything may come, also ReadAhead for what was read already, and Unreadable for what
            could not be read.
        foreign: The fields that belong to other systems; where there are any, all is read anew.
        on_conflict: What becomes of a record that is there already, where a row does not say.
    """
    read: dict[int, UpsertRow] = {}
    alike: dict[tuple[str, ...], dict[int, Row]] = {}
    for index, row in enumerate(sent):
        if isinstance(row, ParsedRow) and not foreign and (taken := row.take()):
            read[index] = taken
            continue
        said = row.sent if isinstance(row, ParsedRow) else row
        if isinstance(said, Mapping):
            alike.setdefault(tuple(said), {})[index] = said
        else:
            read[index] = _no_row(said)
    for names, rows in alike.items():
        found = _read_alike(entity, list(rows.values()), names, foreign, on_conflict)
        read.update(zip(rows, found, strict=True))
    return [read[index] for index in range(len(sent))]


def _read_alike(
    entity: EntityInfo,
    sent: Sequence[Row],
    names: Sequence[str],
    foreign: ForeignFields,
    on_conflict: OnConflict,
) -> list[UpsertRow]:
    """Return rows that all have the same names."""
    fields = [name for name in names if name not in ABOUT_THE_ROW]
    if foreign.keys().isdisjoint(fields):
        found = validate_uniform_rows(entity, sent, fields)
        rows = [UpsertRow(row, said, mode=on_conflict) for row, said in zip(sent, found, strict=True)]
    else:
        rows = [_without_foreign(entity, row, fields, foreign, on_conflict) for row in sent]
    for row, whole in zip(rows, sent, strict=True):
        _read_match(entity, row, whole)
        if len(names) > len(fields) + 1:
            _read_the_rest(row, whole)
    return rows


def _without_foreign(
    entity: EntityInfo, row: Row, fields: Iterable[str], foreign: ForeignFields, on_conflict: OnConflict
) -> UpsertRow:
    own, said, notes = read_fields(entity, {name: row[name] for name in fields}, foreign, creating=False)
    return UpsertRow(own, said, notes=notes, mode=on_conflict)


def _no_row(sent: object) -> UpsertRow:
    wrong = UpsertRow({})
    if isinstance(sent, MalformedRow):
        wrong.parsed.errors += sent.errors
    else:
        wrong.add_error(ErrorCode.INVALID, (), "expected an object with fields")
    return wrong


def _read_match(entity: EntityInfo, row: UpsertRow, sent: Row) -> None:
    said = sent.get(MATCH)
    try:
        row.match = match = read_match(entity, said)
    except ValueError as error:
        way = said if isinstance(said, Mapping) and len(said) == 1 else ()
        row.parsed.errors.append(to_user_error(error, (MATCH, *way)))
    else:
        if isinstance(match.key, ExternalKey):
            row.refs.append(RowKey(match.path, match.key))
            row.by_key = True


def _read_the_rest(row: UpsertRow, sent: Row) -> None:
    row.expect(sent.get(EXPECTED_VERSION))
    _read_mode(row, sent.get(ON_CONFLICT))
    _read_source(row, sent)
    refs = sent.get(REFS)
    if refs is not None and (not isinstance(refs, list) or len(refs) > MAX_REFS):
        row.add_error(ErrorCode.INVALID, (REFS,), f"expected a list of {MAX_REFS} references at most")
        return
    for index, ref in enumerate(refs or ()):
        path: RowPath = (REFS, index)
        try:
            row.refs.append(read_ref(path, ref))
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, path))


def _read_mode(row: UpsertRow, mode: object) -> None:
    if mode is None:
        return
    try:
        row.mode = OnConflict(str(mode))
    except ValueError:
        row.add_error(ErrorCode.INVALID, (ON_CONFLICT,), f"expected one of {', '.join(OnConflict)}")


def _read_source(row: UpsertRow, sent: Row) -> None:
    found: dict[str, str | None] = {}
    for name, read in ((URL, read_url), (SOURCE_VERSION, read_source_version)):
        try:
            found[name] = read(sent.get(name))
        except ValueError as error:
            row.parsed.errors.append(to_user_error(error, (name,)))
        else:
            if found[name] is not None and row.match is not None and row.own is None:
                row.add_error(
                    ErrorCode.INVALID, (name,), "it counts only for a row that is matched by externalRef"
                )
    if row.own is not None:
        own = row.own
        row.refs[0] = RowKey(own.path, own.key, found.get(URL), found.get(SOURCE_VERSION))
