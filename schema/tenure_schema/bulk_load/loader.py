"""The load: rows are read from a body, written chunk by chunk, and answered, all three at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import BadUserInputError, RequestTimeoutError
from tenure_core.write.chunker import Chunker
from tenure_core.write.chunks import write_rows
from tenure_core.write.results import RowResult
from tenure_core.write.rows.upsert_row import read_ahead
from tenure_schema.bulk_load.ndjson import RawRow, Rows
from tenure_schema.bulk_load.options import Options
from tenure_schema.bulk_load.result_lines import ResultLines
from tenure_schema.errors import format_error, to_tenure_error

Item = TypeVar("Item")


BYTES_AT_ONCE = 16_384
"""How much is read before others have their turn: between short statements those who write the rows before
wait for us, and it is during the long ones that much should be read."""


class FaultyRowError(BadUserInputError):
    """A faulty row in a load that should end at the first one."""

    code = "REJECTED"


@dataclass(frozen=True, slots=True)
class BulkLoad:
    """One request.

    Args:
        request: Brings the body.
        request_id: What errors on our side are found by.
        entity: What the rows are of.
        options: How they are written.
        rows: Reads them.
    """

    request: Request
    request_id: str
    entity: EntityInfo
    options: Options
    rows: Rows

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the answer, chunk by chunk. What goes wrong after the first chunk is told in the last line.

        Raises:
            TenureError: The first chunk could not be read or written.
        """
        answers = ResultLines(self.options.policy)
        async with self.request.app.state.loads, aclosing(_ahead(self._chunks())) as chunks:
            try:
                async for chunk in chunks:
                    yield answers.lines(await self._write(chunk))
                    if self.options.ends_at_faults and answers.has_faults:
                        raise FaultyRowError(
                            "A row is faulty: of its chunk, and what comes after, nothing was written.",
                            "Mend it and send everything again, or choose another errorPolicy.",
                        )
                yield answers.end()
            except Exception as caught:
                if not answers.counts:
                    raise
                await _read_away(chunks)
                error = to_tenure_error(caught, self.request_id)
                yield answers.aborted(format_error(error, self.request_id))

    async def _chunks(self) -> AsyncGenerator[Sequence[object], None]:
        """Yield the rows of the body as chunks.

        Raises:
            BadUserInputError: The client went away: its last row may be half of one. Or the body has no form.
            RequestTimeoutError: The client has sent nothing for too long.
        """
        gathering = Chunker[object]()
        async for data in self._body():
            for start in range(0, len(data), BYTES_AT_ONCE):
                for full in self._gather(gathering, self.rows.read(data[start : start + BYTES_AT_ONCE])):
                    yield full
                await asyncio.sleep(0)
        for full in self._gather(gathering, self.rows.rest()):
            yield full
        if rest := gathering.flush():
            yield rest

    def _gather(self, gathering: Chunker[object], coming: Iterable[RawRow]) -> Iterator[Sequence[object]]:
        sent = list(coming)
        read = read_ahead(self.entity, [one.row for one in sent], self.options.on_conflict)
        for row, one in zip(read, sent, strict=True):
            if full := gathering.add(row, one.key, one.size):
                yield full

    async def _body(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; a client that is gone without a word does not keep its place."""
        coming = self.request.stream()
        seconds = self.request.app.state.settings.bulk_idle_seconds
        try:
            while True:
                async with asyncio.timeout(seconds):
                    data = await anext(coming, None)
                if data is None:
                    return
                yield data
        except ClientDisconnect:
            raise BadUserInputError("The client went away before its request was complete.") from None
        except TimeoutError:
            raise RequestTimeoutError(
                f"Nothing has come for {seconds:g} s.", "Send everything again: what is written is NOOP then."
            ) from None

    async def _write(self, chunk: Sequence[object]) -> list[RowResult]:
        state = self.request.app.state
        # A load may take hours: a key that is revoked meanwhile ends it.
        actor = await state.keys.authenticate(self.request.headers.get("authorization"))
        return await write_rows(
            state.database,
            state.catalog,
            self.entity,
            actor,
            chunk,
            policy=self.options.policy,
            on_conflict=self.options.on_conflict,
            dry_run=self.options.dry_run,
        )


async def _read_away(chunks: AsyncIterator[object]) -> None:
    """Read what else comes: a client that is not done with sending would not see the answer."""
    try:
        async for _ in chunks:
            pass
    except (BadUserInputError, RequestTimeoutError):
        # The client went away meanwhile: nobody waits for an answer any more.
        return


async def _ahead(items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """Yield items, and make the next one while the last one is used."""
    coming = _next(items)
    try:
        while (item := await coming) is not None:
            coming = _next(items)
            yield item
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await items.aclose()


def _next(items: AsyncGenerator[Item, None]) -> asyncio.Task[Item | None]:
    async def take() -> Item | None:
        return await anext(items, None)

    return asyncio.create_task(take())
