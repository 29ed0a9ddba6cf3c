"""The synchronous client: takes the steps of the asynchronous one, with or without an event loop around."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any, TypeVar, Unpack

import httpx

from tenure_sdk.client import snapshots
from tenure_sdk.client.changes import ChangeFilter, ChangePage, read_page
from tenure_sdk.client.protocol import Flow, FlowRunner, Pause, Protocol, Reply, Send
from tenure_sdk.client.snapshots import SnapshotReader, SnapshotRecord, broken_off
from tenure_sdk.client.upserts import ChunkedUpsert, OnProgress, UpsertOptions, UpsertReport

Result = TypeVar("Result")
Row = Mapping[str, Any]


class Tenure:
    """Tenure, as a program without an event loop sees it: see `AsyncTenure` for what each method does.

    Args:
        url: Where it answers, such as https://tenure.example.com.
        key: The API key.
        patience: Seconds to go on trying while it is away or too busy.
        timeout: Seconds to wait for one answer.

    Example:
        with Tenure("http://127.0.0.1:8000", key) as tenure:
            done = tenure.upsert_many("Account", rows)
    """

    def __init__(self, url: str, key: str, *, patience: float = 300.0, timeout: float = 30.0) -> None:
        self._conversation = Protocol(url, key, patience)
        self._http = httpx.Client(timeout=timeout)

    def __enter__(self) -> Tenure:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.close()

    def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Ask a GraphQL question, or write with a mutation: see `AsyncTenure.query`."""
        return self._run(self._conversation.ask(document, variables or {}, idempotency_key))

    def upsert_many(
        self,
        entity: str,
        rows: Iterable[Row],
        *,
        error_policy: str = "REJECT_FAILED_ROWS",
        on_conflict: str = "MERGE",
        dry_run: bool = False,
        on_progress: OnProgress | None = None,
        plural: str = "",
    ) -> UpsertReport:
        """Create or change any number of records, chunk by chunk: see `AsyncTenure.upsert_many`."""
        options = UpsertOptions(entity, plural, error_policy, on_conflict, dry_run)
        upload = ChunkedUpsert(self._conversation, options, on_progress)
        for row in rows:
            self._run(upload.add(row))
        self._run(upload.finish())
        return upload.done

    def changes(self, cursor: str | None = None, **wanted: Unpack[ChangeFilter]) -> ChangePage:
        """Return the page of the change feed behind a cursor: see `AsyncTenure.changes`."""
        return self._run(read_page(self._conversation, cursor, wanted))

    def follow_changes(
        self, cursor: str | None = None, *, poll_seconds: float = 1.0, **wanted: Unpack[ChangeFilter]
    ) -> Iterator[ChangePage]:
        """Follow the change feed, page by page, without end: see `AsyncTenure.follow_changes`."""
        while True:
            page = self.changes(cursor, **wanted)
            if page.is_beyond(cursor):
                yield page
            cursor = page.cursor
            if not page.has_more:
                time.sleep(poll_seconds)

    def snapshot(self, entities: Sequence[str] | None = None) -> Snapshot:
        """Return all records as they are at one moment, to be read once: see `AsyncTenure.snapshot`."""
        return Snapshot(lambda: self._run(snapshots.begin(self._conversation, entities)))

    def _run(self, flow: Flow[Result]) -> Result:
        way = FlowRunner(flow)
        while way.step:
            way.resume(self._take(way.step))
        return way.result

    def _take(self, step: Send | Pause) -> Reply:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            response = self._http.send(step.request, stream=step.stream)
            if response.is_error:
                response.read()
        except httpx.TransportError as error:
            return error
        return response


class Snapshot:
    """The records of a snapshot; `cursor` says where the feed goes on, once all were read."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self._answer = answer
        self._reader = SnapshotReader()

    @property
    def cursor(self) -> str:
        """Where the change feed goes on behind the snapshot.

        Raises:
            SnapshotBrokenError: Not all of its records were read.
        """
        return self._reader.cursor

    def __iter__(self) -> Iterator[SnapshotRecord]:
        with closing(self._answer()) as response:
            try:
                for data in response.iter_bytes():
                    yield from self._reader.read(data)
            except httpx.TransportError as error:
                raise broken_off(error) from error
        self._reader.end()
