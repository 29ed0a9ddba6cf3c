"""A buffer between the writer of a response and a client that reads it slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from types import TracebackType

MAX_MEMORY_BYTES = 1_000_000
"""The maximum size in memory; a larger buffer is moved to an unnamed temporary file."""

MAX_BYTES = 1_000_000_000
"""The maximum size; `put` waits until the client has read some of it."""

READ_BYTES = 65_536


class ResponseSpool:
    """Buffers the bytes of a response until they are sent.

    Most HTTP clients do not read the response before they have sent the whole request. A server that waits
    for them would wait forever, and one that buffers in memory would run out of it.

    Example:
        async with ResponseSpool() as spool:
            await spool.put(b"...")
            await spool.close()
            async for data in spool: ...
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  # __aexit__ closes it
        self._write_position = 0
        self._read_position = 0
        self._is_closed = False
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> ResponseSpool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.close()

    async def put(self, data: bytes) -> None:
        """Append bytes; waits while the buffer is full."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._write_position - self._read_position <= MAX_BYTES)
            await asyncio.to_thread(self._write, data)
            self._changed.notify_all()

    async def close(self) -> None:
        """End the iteration after the bytes that are in the buffer."""
        async with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: self._is_closed or self._write_position > self._read_position
                )
                data = await asyncio.to_thread(self._read)
                self._changed.notify_all()
            if not data:
                return
            yield data

    def _write(self, data: bytes) -> None:
        self._file.seek(self._write_position)
        self._write_position += self._file.write(data)

    def _read(self) -> bytes:
        self._file.seek(self._read_position)
        data = self._file.read(READ_BYTES)
        self._read_position += len(data)
        if self._read_position == self._write_position:
            self._file.truncate(0)
            self._write_position = self._read_position = 0
        return data
