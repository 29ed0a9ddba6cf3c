"""Runs a bulk load: reads rows, writes them in chunks and yields the results, all concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError, RequestTimeoutError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.chunker import Chunker
from tenure_core.write.chunks import write_chunk
from tenure_core.write.results import RowResult
from tenure_core.write.rows.upsert_row import parse_ahead
from tenure_core.write.transaction import run_in_transaction
from tenure_schema.bulk_load.ndjson import RawRow, Rows
from tenure_schema.bulk_load.options import Options
from tenure_schema.bulk_load.result_lines import ResultLines
from tenure_schema.errors import format_error, to_tenure_error

Item = TypeVar("Item")

PARSE_BYTES = 16_384
"""The number of bytes to parse before other tasks run. Larger pieces delay the short statements of the chunk
that is being written; most parsing should happen during its long statements."""


class RowRejectedError(BadUserInputError):
    """A rejected row ended a load with `errorPolicy=REJECT_EVERYTHING`."""

    code = "REJECTED"


@dataclass(frozen=True, slots=True)
class BulkLoad:
    """A bulk load.

    Args:
        request: The request whose body is loaded.
        request_id: The id of the request, for the log.
        entity: The entity of the rows.
        options: How the rows are written.
        rows: Reads the rows of the body.
    """

    request: Request
    request_id: str
    entity: EntityInfo
    options: Options
    rows: Rows

    async def run(self) -> AsyncIterator[bytes]:
        """Yield the response chunk by chunk. An error after the first chunk is reported in the last line.

        Raises:
            TenureError: The first chunk could not be read or written.
        """
        lines = ResultLines(self.options.policy)
        async with (
            self.request.app.state.bulk_load_slots,
            aclosing(_prefetch(self._read_chunks())) as chunks,
        ):
            try:
                async for chunk in chunks:
                    yield lines.render_chunk(await self._write(chunk))
                    self._check_rejections(lines)
                yield lines.render_end()
            except Exception as caught:
                if not lines.counts:
                    raise
                await _drain(chunks)
                error = to_tenure_error(caught, self.request_id)
                yield lines.render_abort(format_error(error, self.request_id))

    def _check_rejections(self, lines: ResultLines) -> None:
        if self.options.stops_at_rejection and lines.has_rejections:
            raise RowRejectedError(
                "A row was rejected; its chunk and the rows after it were not written.",
                "Correct the row and send all rows again, or use another errorPolicy.",
            )

    async def _read_chunks(self) -> AsyncGenerator[Sequence[object], None]:
        """Yield the rows of the body in chunks.

        Raises:
            BadUserInputError: The client closed the connection, or the CSV header is not valid.
            RequestTimeoutError: The client sent nothing for `bulk_idle_seconds`.
        """
        chunker = Chunker[object]()
        async for data in self._read_body():
            for start in range(0, len(data), PARSE_BYTES):
                for chunk in self._add_rows(chunker, self.rows.feed(data[start : start + PARSE_BYTES])):
                    yield chunk
                await asyncio.sleep(0)
        for chunk in self._add_rows(chunker, self.rows.flush()):
            yield chunk
        if last_chunk := chunker.flush():
            yield last_chunk

    def _add_rows(self, chunker: Chunker[object], rows: Iterable[RawRow]) -> Iterator[Sequence[object]]:
        raw_rows = list(rows)
        parsed = parse_ahead(self.entity, [raw.row for raw in raw_rows], self.options.on_conflict)
        for row, raw in zip(parsed, raw_rows, strict=True):
            if chunk := chunker.add(row, raw.key, raw.size):
                yield chunk

    async def _read_body(self) -> AsyncIterator[bytes]:
        stream = self.request.stream()
        seconds = self.request.app.state.settings.bulk_idle_seconds
        try:
            while True:
                # A client that lost its connection without closing it must not occupy a slot forever.
                async with asyncio.timeout(seconds):
                    data = await anext(stream, None)
                if data is None:
                    return
                yield data
        except ClientDisconnect:
            raise BadUserInputError(
                "The client closed the connection before the request was complete."
            ) from None
        except TimeoutError:
            raise RequestTimeoutError(
                f"The client sent nothing for {seconds:g} s.",
                "Send all rows again: rows that are already written become NOOP.",
            ) from None

    async def _write(self, chunk: Sequence[object]) -> list[RowResult]:
        state = self.request.app.state
        # Authenticate for each chunk: a load can take hours, and revoking its key must end it.
        actor = await state.keys.authenticate(self.request.headers.get("authorization"))

        async def work(connection: TenantConnection) -> list[RowResult]:
            return await write_chunk(
                state.host.write_context(connection, actor),
                self.entity,
                chunk,
                policy=self.options.policy,
                on_conflict=self.options.on_conflict,
                dry_run=self.options.dry_run,
            )

        return await run_in_transaction(state.database, actor, work)


async def _drain(chunks: AsyncIterator[object]) -> None:
    """Read the rest of the body: most clients read the response only after they have sent everything."""
    try:
        async for _ in chunks:
            pass
    except (BadUserInputError, RequestTimeoutError):
        return  # The client no longer waits for the response.


async def _prefetch(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """Yield items, and produce the next one while the consumer uses the current one."""
    task = asyncio.ensure_future(anext(items, None))
    try:
        while (item := await task) is not None:
            task = asyncio.ensure_future(anext(items, None))
            yield item
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await items.aclose()
