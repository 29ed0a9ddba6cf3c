"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar, Unpack

import httpx

from tenure_sdk.client.changes import ChangeFilter, ChangePage, read_page
from tenure_sdk.client.protocol import Flow, FlowRunner, Protocol, Reply, SendRequest, Sleep
from tenure_sdk.client.snapshots import SnapshotReader, SnapshotRecord, incomplete_error, request_snapshot
from tenure_sdk.client.upserts import ChunkedUpsert, OnProgress, UpsertOptions, UpsertReport

Result = TypeVar("Result")
Row = Mapping[str, Any]


class AsyncTenure:
    """Asynchronous client of the Tenure API. Requests are retried; a retried mutation is executed only once.

    Args:
        url: The base URL of the server, such as https://tenure.example.com.
        api_key: The API key.
        retry_timeout: Seconds to keep retrying a request while the server is unreachable or overloaded.
        timeout: Seconds to wait for one response.

    Example:
        async with AsyncTenure("http://127.0.0.1:8000", api_key) as tenure:
            report = await tenure.upsert_many("Account", rows)
    """

    def __init__(
        self, url: str, api_key: str, *, retry_timeout: float = 300.0, timeout: float = 30.0
    ) -> None:
        self._protocol = Protocol(url, api_key, retry_timeout)
        self._http = httpx.AsyncClient(timeout=timeout)

    async def __aenter__(self) -> AsyncTenure:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Execute a GraphQL query or mutation and return its data.

        Args:
            document: The GraphQL document.
            variables: The variables of the operation.
            idempotency_key: Identifies a mutation across calls: a second call with the same key returns the
                first result. By default each call has its own key.

        Raises:
            RequestRejectedError: The server rejected the operation.
            UnreachableError: There was no response until the retry timeout.
        """
        return await self._run(self._protocol.execute(document, variables or {}, idempotency_key))

    async def upsert_many(
        self,
        entity: str,
        rows: Iterable[Row] | AsyncIterable[Row],
        *,
        error_policy: str = "REJECT_FAILED_ROWS",
        on_conflict: str = "MERGE",
        dry_run: bool = False,
        on_progress: OnProgress | None = None,
        plural: str = "",
    ) -> UpsertReport:
        """Create or update any number of records, in chunks of at most 1,000 rows.

        Args:
            entity: The entity, such as "Account".
            rows: The rows in the format of the bulk upsert mutation: `match` and the fields of the entity.
            error_policy: How an invalid row affects the rest of its chunk: the mutation's `errorPolicy`.
            on_conflict: What to do if a record exists: the mutation's `onConflict`. A row can override it.
            dry_run: Whether to compute the results without writing.
            on_progress: Called with the report after each chunk.
            plural: The plural in the name of the mutation, if it is not the English plural of the entity.

        Returns:
            The results of all rows.

        Raises:
            RequestRejectedError: The server rejected a chunk. Earlier chunks are written.
            UnreachableError: There was no response until the retry timeout. Earlier chunks are written.
        """
        options = UpsertOptions(entity, plural, error_policy, on_conflict, dry_run)
        upsert = ChunkedUpsert(self._protocol, options, on_progress)
        async for row in _iterate(rows):
            await self._run(upsert.add(row))
        await self._run(upsert.flush())
        return upsert.report

    async def changes(self, cursor: str | None = None, **change_filter: Unpack[ChangeFilter]) -> ChangePage:
        """Return the page of the change feed after a cursor.

        Args:
            cursor: The cursor of the last processed page, or of a snapshot; None for the oldest change that
                is retained.
            change_filter: `entities`, `operations`, `exclude_origin` and `node`.

        Raises:
            CursorExpiredError: The cursor is older than the retention period.
            UnreachableError: There was no response until the retry timeout.
        """
        return await self._run(read_page(self._protocol, cursor, change_filter))

    async def follow_changes(
        self, cursor: str | None = None, *, poll_seconds: float = 1.0, **change_filter: Unpack[ChangeFilter]
    ) -> AsyncIterator[ChangePage]:
        """Yield pages of the change feed without end, and wait for new changes in between.

        Args:
            cursor: The start, as for `changes`.
            poll_seconds: Seconds to wait before the next request if there are no more changes.
            change_filter: The filter, as for `changes`.

        Raises:
            CursorExpiredError: The cursor is older than the retention period.
            UnreachableError: There was no response until the retry timeout.
        """
        while True:
            page = await self.changes(cursor, **change_filter)
            if page.is_after(cursor):
                yield page
            cursor = page.cursor
            if not page.has_more:
                await asyncio.sleep(poll_seconds)

    def snapshot(self, entities: Sequence[str] | None = None) -> AsyncSnapshot:
        """Return all records at one point in time. The snapshot can be iterated once.

        Args:
            entities: The entities to read; None for all.

        Example:
            snapshot = tenure.snapshot(["Account"])
            async for record in snapshot: ...
            tenure.follow_changes(snapshot.cursor)
        """
        return AsyncSnapshot(lambda: self._run(request_snapshot(self._protocol, entities)))

    async def _run(self, flow: Flow[Result]) -> Result:
        runner = FlowRunner(flow)
        while runner.step:
            runner.resume(await self._execute_step(runner.step))
        return runner.result

    async def _execute_step(self, step: SendRequest | Sleep) -> Reply:
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        try:
            response = await self._http.send(step.request, stream=step.stream)
            if response.is_error:
                await response.aread()
        except httpx.TransportError as error:
            return error
        return response


class AsyncSnapshot:
    """An asynchronous iterator over the records of a snapshot."""

    def __init__(self, request: Callable[[], Awaitable[httpx.Response]]) -> None:
        self._request = request
        self._reader = SnapshotReader()

    @property
    def cursor(self) -> str:
        """The change-feed cursor after the snapshot; available when all records have been read.

        Raises:
            IncompleteSnapshotError: Not all records have been read.
        """
        return self._reader.cursor

    async def __aiter__(self) -> AsyncIterator[SnapshotRecord]:
        async with aclosing(await self._request()) as response:
            try:
                async for data in response.aiter_bytes():
                    for record in self._reader.feed(data):
                        yield record
            except httpx.TransportError as error:
                raise incomplete_error(error) from error
        self._reader.finish()


async def _iterate(rows: Iterable[Row] | AsyncIterable[Row]) -> AsyncIterator[Row]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row
