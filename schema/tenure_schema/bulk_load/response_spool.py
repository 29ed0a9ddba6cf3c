"""The outbox: an answer on its way to a client that may read it late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from types import TracebackType

IN_MEMORY = 1_000_000
"""Bytes that wait in memory; what is more waits in a file without a name."""

MOST = 1_000_000_000
"""Bytes that wait at all: the one who puts more in then waits, too."""

PIECE = 65_536


class ResponseSpool:
    """Bytes that wait for their reader.

    Most clients of HTTP read nothing of the answer before they have sent their whole request. A server that
    waited until they read what it has would wait forever, and one that kept everything in memory would run
    out of it.

    Example:
        async with Outbox() as outbox:
            await outbox.put(b"..."), await outbox.close()
            async for piece in outbox: ...
    """

    def __init__(self) -> None:
        self._waiting = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # __aexit__ closes it
        self._put = 0
        self._taken = 0
        self._closed = False
        self._moved = asyncio.Condition()

    async def __aenter__(self) -> ResponseSpool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._waiting.close()

    async def put(self, piece: bytes) -> None:
        """Add some bytes."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._put - self._taken <= MOST)
            await asyncio.to_thread(self._write, piece)
            self._moved.notify_all()

    async def close(self) -> None:
        """Say that nothing more comes."""
        async with self._moved:
            self._closed = True
            self._moved.notify_all()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            async with self._moved:
                await self._moved.wait_for(lambda: self._closed or self._put > self._taken)
                piece = await asyncio.to_thread(self._read)
                self._moved.notify_all()
            if not piece:
                return
            yield piece

    def _write(self, piece: bytes) -> None:
        self._waiting.seek(self._put)
        self._put += self._waiting.write(piece)

    def _read(self) -> bytes:
        self._waiting.seek(self._taken)
        piece = self._waiting.read(PIECE)
        self._taken += len(piece)
        if self._taken == self._put:
            self._waiting.truncate(0)
            self._put = self._taken = 0
        return piece
