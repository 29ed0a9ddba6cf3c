"""Upserts: any number of rows, sent by chunks, each until it is written, and none twice."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.entities.naming import pluralize
from tenure_core.write.chunker import Chunker
from tenure_sdk.client.errors import RequestRejectedError
from tenure_sdk.client.protocol import Flow, Protocol

MAX_CHUNK_BYTES = 900_000
"""What the rows of a request weigh at most: Tenure takes a megabyte where its operator says nothing else."""

REFUSED = frozenset(("FAILED", "CONFLICT", "SKIPPED"))
"""What becomes of a row that was not written, though it should be."""

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
    """What became of one row.

    Args:
        index: Its position among all rows, from 0.
        key: The key that it names its record by.
        status: CREATED, UPDATED, NOOP, RESTORED, FAILED, SKIPPED, or in a dry run WOULD_CREATE, WOULD_UPDATE,
            NOOP, CONFLICT.
        id: The record; None where there is none.
        errors: What is wrong with it: `code`, `path` and `message`.
        diff: What a dry run would change: `field`, `before` and `after`.
    """

    index: int
    key: str | None
    status: str
    id: str | None
    errors: Sequence[Mapping[str, Any]] = ()
    diff: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class UpsertReport:
    """What became of the rows so far.

    Args:
        counts: Rows by their status.
        refused: The rows that were not written, though they should be.
        latest: The rows of the chunk that was answered last.
    """

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[RowResult] = field(default_factory=list)
    latest: Sequence[RowResult] = ()

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return self.counts.total()


OnProgress = Callable[[UpsertReport], None]
"""Told after each chunk: what it is told is committed, but in a dry run."""


@dataclass(frozen=True, slots=True)
class UpsertOptions:
    """How rows are written.

    Args:
        entity: What they are of, such as "Account".
        plural: What the API calls many of it; the English plural where it is empty.
        error_policy: What a faulty row means for the others of its chunk.
        on_conflict: What becomes of a record that is there already, where a row does not say.
        dry_run: Whether to write nothing, and tell what would become of the rows.
    """

    entity: str
    plural: str
    error_policy: str
    on_conflict: str
    dry_run: bool

    @property
    def mutation(self) -> str:
        """The document that writes a chunk."""
        singular = self.entity[0].lower() + self.entity[1:]
        plural = self.plural or pluralize(self.entity)
        return MUTATION.format(entity=self.entity, singular=singular, plural=plural)


class ChunkedUpsert:
    """One run: takes rows, and sends them when there are enough.

    Args:
        conversation: With whom.
        options: How the rows are written.
        on_progress: Told after each chunk.
    """

    def __init__(
        self, conversation: Protocol, options: UpsertOptions, on_progress: OnProgress | None
    ) -> None:
        self.done = UpsertReport()
        self._conversation = conversation
        self._options = options
        self._on_progress = on_progress
        self._gathering = Chunker[orjson.Fragment](MAX_CHUNK_BYTES)

    def add(self, row: Mapping[str, Any]) -> Flow[None]:
        """Take a row in, and send the chunk that it no longer fits into."""
        written = orjson.dumps(row)
        key = orjson.dumps(row["match"]) if "match" in row else None
        if full := self._gathering.add(orjson.Fragment(written), key, len(written)):
            yield from self._send(full)

    def finish(self) -> Flow[None]:
        """Send the rows that still wait."""
        if rest := self._gathering.flush():
            yield from self._send(rest)

    def _send(self, rows: Sequence[orjson.Fragment]) -> Flow[None]:
        options = self._options
        given = {
            "rows": rows,
            "errorPolicy": options.error_policy,
            "onConflict": options.on_conflict,
            "dryRun": options.dry_run,
        }
        data = yield from self._conversation.ask(options.mutation, {"input": given}, uuid.uuid4().hex)
        self._take(data["upserted"])
        if self._on_progress:
            self._on_progress(self.done)

    def _take(self, answer: Mapping[str, Any]) -> None:
        if not answer["results"]:
            raise RequestRejectedError("; ".join(error["message"] for error in answer["userErrors"]))
        first = self.done.rows
        self.done.latest = [_result(first, one) for one in answer["results"]]
        self.done.counts.update(one.status for one in self.done.latest)
        self.done.refused += [one for one in self.done.latest if one.status in REFUSED]


def _result(first: int, answer: Mapping[str, Any]) -> RowResult:
    record = answer["record"] or {}
    return RowResult(
        first + answer["index"],
        answer["rowKey"],
        answer["status"],
        record.get("id"),
        answer["userErrors"],
        answer["diff"] or (),
    )
