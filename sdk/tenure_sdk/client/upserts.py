"""Chunked upserts: any number of rows, sent as bulk mutations of limited size, each written exactly once."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_sdk.client.errors import RequestRejectedError
from tenure_sdk.client.protocol import Flow, Protocol

MAX_CHUNK_ROWS = 1_000
"""The server's limit of rows per mutation."""

MAX_CHUNK_BYTES = 900_000
"""Size limit of the rows of a chunk: the server's default limit of a request is 1 MB."""

REJECTED_STATUSES = frozenset(("FAILED", "CONFLICT", "SKIPPED"))

MUTATION = """
mutation UpsertMany($input: {entity}BulkUpsertInput!) {{
  upserted: {plural}BulkUpsert(input: $input) {{
    results {{
      index rowKey status record: {singular} {{ id }}
      diff {{ field before after }} userErrors {{ code path message }}
    }}
    userErrors {{ code path message }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of one row.

    Args:
        index: The position of the row in the call, from 0.
        key: The match key of the row.
        status: CREATED, UPDATED, NOOP, RESTORED, FAILED or SKIPPED; in a dry run WOULD_CREATE, WOULD_UPDATE,
            NOOP or CONFLICT.
        id: The id of the record; None if there is none.
        errors: The errors of the row: `code`, `path` and `message`.
        diff: The fields that a dry run would change: `field`, `before` and `after`.
    """

    index: int
    key: str | None
    status: str
    id: str | None
    errors: Sequence[Mapping[str, Any]] = ()
    diff: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class UpsertReport:
    """The results of an upsert so far.

    Args:
        counts: The number of rows per status.
        rejected: The rows that were not written: those with status FAILED, CONFLICT or SKIPPED.
        last_chunk: The results of the most recent chunk.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[RowResult] = field(default_factory=list)
    last_chunk: Sequence[RowResult] = ()

    @property
    def rows(self) -> int:
        """The number of rows with a result."""
        return self.counts.total()


OnProgress = Callable[[UpsertReport], None]
"""Called after each chunk, when the chunk has been committed."""


@dataclass(frozen=True, slots=True)
class UpsertOptions:
    """The arguments of a bulk upsert mutation.

    Args:
        entity: The entity, such as "Account".
        plural: The plural in the name of the mutation; "" for the English plural.
        error_policy: How an invalid row affects the other rows of its chunk: the mutation's `errorPolicy`.
        on_conflict: What to do if a record exists: the mutation's `onConflict`. A row can override it.
        dry_run: Whether to compute the results without writing.
    """

    entity: str
    plural: str
    error_policy: str
    on_conflict: str
    dry_run: bool

    @property
    def mutation(self) -> str:
        """The GraphQL document of the mutation."""
        singular = self.entity[0].lower() + self.entity[1:]
        plural = self.plural or pluralize(singular)
        return MUTATION.format(entity=self.entity, singular=singular, plural=plural)


def pluralize(noun: str) -> str:
    """Return the English plural of a camelCase noun as the API forms it: `activities` for `activity`."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|ch|sh)$", noun) else "s")


class _Chunk:
    """Serialized rows to send together. Each match key occurs at most once, so that the last row wins."""

    def __init__(self) -> None:
        self.rows: list[orjson.Fragment] = []
        self._keys: set[bytes] = set()
        self._size = 0

    def fits(self, row: bytes, key: bytes) -> bool:
        return (
            len(self.rows) < MAX_CHUNK_ROWS
            and self._size + len(row) <= MAX_CHUNK_BYTES
            and key not in self._keys
        )

    def append(self, row: bytes, key: bytes) -> None:
        self.rows.append(orjson.Fragment(row))
        self._size += len(row)
        if key:
            self._keys.add(key)


class ChunkedUpsert:
    """One upsert call: collects rows and sends each chunk when it is full.

    Args:
        protocol: The server.
        options: The arguments of the mutation.
        on_progress: Called after each chunk.
    """

    def __init__(self, protocol: Protocol, options: UpsertOptions, on_progress: OnProgress | None) -> None:
        self.report = UpsertReport()
        self._protocol = protocol
        self._options = options
        self._on_progress = on_progress
        self._chunk = _Chunk()

    def add(self, row: Mapping[str, Any]) -> Flow[None]:
        """Add a row to the current chunk; send the chunk first if the row does not fit into it."""
        serialized = orjson.dumps(row)
        key = orjson.dumps(row["match"]) if "match" in row else b""
        if self._chunk.rows and not self._chunk.fits(serialized, key):
            yield from self.flush()
        self._chunk.append(serialized, key)

    def flush(self) -> Flow[None]:
        """Send the current chunk unless it is empty."""
        chunk, self._chunk = self._chunk, _Chunk()
        if not chunk.rows:
            return
        options = self._options
        mutation_input = {
            "rows": chunk.rows,
            "errorPolicy": options.error_policy,
            "onConflict": options.on_conflict,
            "dryRun": options.dry_run,
        }
        data = yield from self._protocol.execute(
            options.mutation, {"input": mutation_input}, uuid.uuid4().hex
        )
        self._record(data["upserted"])
        if self._on_progress:
            self._on_progress(self.report)

    def _record(self, payload: Mapping[str, Any]) -> None:
        if not payload["results"]:
            raise RequestRejectedError("; ".join(error["message"] for error in payload["userErrors"]))
        report, offset = self.report, self.report.rows
        report.last_chunk = [_parse_result(offset, item) for item in payload["results"]]
        report.counts.update(result.status for result in report.last_chunk)
        report.rejected += [result for result in report.last_chunk if result.status in REJECTED_STATUSES]


def _parse_result(offset: int, item: Mapping[str, Any]) -> RowResult:
    record = item["record"] or {}
    return RowResult(
        offset + item["index"],
        item["rowKey"],
        item["status"],
        record.get("id"),
        item["userErrors"],
        item["diff"] or (),
    )
