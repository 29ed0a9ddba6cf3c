"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
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


class AsyncTenure:
    """Tenure, as an integration sees it. Whatever happens on the way, what is written is written once.

    Args:
        url: Where it answers, such as https://tenure.example.com.
        key: The API key.
        patience: Seconds to go on trying while it is away or too busy.
        timeout: Seconds to wait for one answer.

    Example:
        async with AsyncTenure("http://127.0.0.1:8000", key) as tenure:
            done = await tenure.upsert_many("Account", rows)
    """

    def __init__(self, url: str, key: str, *, patience: float = 300.0, timeout: float = 30.0) -> None:
        self._conversation = Protocol(url, key, patience)
        self._http = httpx.AsyncClient(timeout=timeout)

    async def __aenter__(self) -> AsyncTenure:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Ask a GraphQL question, or write with a mutation, and return the data of the answer.

        Args:
            document: The GraphQL document.
            variables: Its variables.
            idempotency_key: What the write is known by, where it may be sent again by another process; within
                one call it is done once in any case.

        Raises:
            RefusedError: The question was refused.
            UnreachableError: There was no answer for too long.
        """
        return await self._run(self._conversation.ask(document, variables or {}, idempotency_key))

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
        """Create or change any number of records, chunk by chunk.

        Args:
            entity: What they are, such as "Account".
            rows: The rows, as the mutation takes them: `match` and the fields of the entity.
            error_policy: What a faulty row means for the others of its chunk.
            on_conflict: What becomes of a record that is there already, where a row does not say.
            dry_run: Whether to write nothing, and tell what would become of the rows.
            on_progress: Told after each chunk.
            plural: What the API calls many of the entity, where that is not its English plural.

        Returns:
            What became of the rows.

        Raises:
            RefusedError: A request was refused as a whole; the chunks before are written.
            UnreachableError: There was no answer for too long; the chunks before are written.
        """
        options = UpsertOptions(entity, plural, error_policy, on_conflict, dry_run)
        upload = ChunkedUpsert(self._conversation, options, on_progress)
        async for row in _each(rows):
            await self._run(upload.add(row))
        await self._run(upload.finish())
        return upload.done

    async def changes(self, cursor: str | None = None, **wanted: Unpack[ChangeFilter]) -> ChangePage:
        """Return the page of the change feed behind a cursor.

        Args:
            cursor: Where to begin: of the last page that was handled, or of a snapshot; None for the oldest
                change that is kept.
            wanted: What of it is wanted: `entities`, `operations`, `exclude_origin` and `node`.

        Raises:
            CursorExpiredError: The cursor is older than what is kept.
            UnreachableError: There was no answer for too long.
        """
        return await self._run(read_page(self._conversation, cursor, wanted))

    async def follow_changes(
        self, cursor: str | None = None, *, poll_seconds: float = 1.0, **wanted: Unpack[ChangeFilter]
    ) -> AsyncIterator[ChangePage]:
        """Follow the change feed, page by page, without end; over broken connections, too.

        Args:
            cursor: Where to begin, as for `changes`.
            poll_seconds: How long to wait where there is nothing new.
            wanted: What of it is wanted, as for `changes`.

        Raises:
            CursorExpiredError: The cursor is older than what is kept.
            UnreachableError: There was no answer for too long.
        """
        while True:
            page = await self.changes(cursor, **wanted)
            if page.is_beyond(cursor):
                yield page
            cursor = page.cursor
            if not page.has_more:
                await asyncio.sleep(poll_seconds)

    def snapshot(self, entities: Sequence[str] | None = None) -> AsyncSnapshot:
        """Return all records as they are at one moment, to be read once.

        Args:
            entities: Of which entities; None for all.

        Example:
            snapshot = tenure.snapshot(["Account"])
            async for record in snapshot: ...
            tenure.follow_changes(snapshot.cursor)
        """
        return AsyncSnapshot(lambda: self._run(snapshots.begin(self._conversation, entities)))

    async def _run(self, flow: Flow[Result]) -> Result:
        way = FlowRunner(flow)
        while way.step:
            way.resume(await self._take(way.step))
        return way.result

    async def _take(self, step: Send | Pause) -> Reply:
        if isinstance(step, Pause):
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
    """The records of a snapshot; `cursor` says where the feed goes on, once all were read."""

    def __init__(self, answer: Callable[[], Awaitable[httpx.Response]]) -> None:
        self._answer = answer
        self._reader = SnapshotReader()

    @property
    def cursor(self) -> str:
        """Where the change feed goes on behind the snapshot.

        Raises:
            SnapshotBrokenError: Not all of its records were read.
        """
        return self._reader.cursor

    async def __aiter__(self) -> AsyncIterator[SnapshotRecord]:
        async with aclosing(await self._answer()) as response:
            try:
                async for data in response.aiter_bytes():
                    for record in self._reader.read(data):
                        yield record
            except httpx.TransportError as error:
                raise broken_off(error) from error
        self._reader.end()


async def _each(rows: Iterable[Row] | AsyncIterable[Row]) -> AsyncIterator[Row]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row
