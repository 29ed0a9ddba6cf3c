"""The synchronous client. It runs the same flows as the asynchronous one and needs no event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeVar, Unpack

import httpx

from tenure_sdk.client.changes import ChangeFilter, ChangePage, read_page
from tenure_sdk.client.protocol import Flow, FlowRunner, Protocol, Reply, SendRequest, Sleep
from tenure_sdk.client.snapshots import SnapshotReader, SnapshotRecord, incomplete_error, request_snapshot
from tenure_sdk.client.upserts import ChunkedUpsert, OnProgress, UpsertOptions, UpsertReport

Result = TypeVar("Result")
Row = Mapping[str, Any]


class Tenure:
    """Synchronous client of the Tenure API. `AsyncTenure` documents the methods in full.

    Args:
        url: The base URL of the server, such as https://tenure.example.com.
        api_key: The API key.
        retry_timeout: Seconds to keep retrying a request while the server is unreachable or overloaded.
        timeout: Seconds to wait for one response.

    Example:
        with Tenure("http://127.0.0.1:8000", api_key) as tenure:
            report = tenure.upsert_many("Account", rows)
    """

    def __init__(
        self, url: str, api_key: str, *, retry_timeout: float = 300.0, timeout: float = 30.0
    ) -> None:
        self._protocol = Protocol(url, api_key, retry_timeout)
        self._http = httpx.Client(timeout=timeout)

    def __enter__(self) -> Tenure:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Execute a GraphQL query or mutation and return its data. See `AsyncTenure.query`."""
        return self._run(self._protocol.execute(document, variables or {}, idempotency_key))

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
        """Create or update any number of records in chunks. See `AsyncTenure.upsert_many`."""
        options = UpsertOptions(entity, plural, error_policy, on_conflict, dry_run)
        upsert = ChunkedUpsert(self._protocol, options, on_progress)
        for row in rows:
            self._run(upsert.add(row))
        self._run(upsert.flush())
        return upsert.report

    def changes(self, cursor: str | None = None, **change_filter: Unpack[ChangeFilter]) -> ChangePage:
        """Return the page of the change feed after a cursor. See `AsyncTenure.changes`."""
        return self._run(read_page(self._protocol, cursor, change_filter))

    def follow_changes(
        self, cursor: str | None = None, *, poll_seconds: float = 1.0, **change_filter: Unpack[ChangeFilter]
    ) -> Iterator[ChangePage]:
        """Yield pages of the change feed without end. See `AsyncTenure.follow_changes`."""
        while True:
            page = self.changes(cursor, **change_filter)
            if page.is_after(cursor):
                yield page
            cursor = page.cursor
            if not page.has_more:
                time.sleep(poll_seconds)

    def snapshot(self, entities: Sequence[str] | None = None) -> Snapshot:
        """Return all records at one point in time. See `AsyncTenure.snapshot`."""
        return Snapshot(lambda: self._run(request_snapshot(self._protocol, entities)))

    def _run(self, flow: Flow[Result]) -> Result:
        runner = FlowRunner(flow)
        while runner.step:
            runner.resume(self._execute_step(runner.step))
        return runner.result

    def _execute_step(self, step: SendRequest | Sleep) -> Reply:
        if isinstance(step, Sleep):
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
    """An iterator over the records of a snapshot."""

    def __init__(self, request: Callable[[], httpx.Response]) -> None:
        self._request = request
        self._reader = SnapshotReader()

    @property
    def cursor(self) -> str:
        """The change-feed cursor after the snapshot; available when all records have been read.

        Raises:
            IncompleteSnapshotError: Not all records have been read.
        """
        return self._reader.cursor

    def __iter__(self) -> Iterator[SnapshotRecord]:
        with closing(self._request()) as response:
            try:
                for data in response.iter_bytes():
                    yield from self._reader.feed(data)
            except httpx.TransportError as error:
                raise incomplete_error(error) from error
        self._reader.finish()
