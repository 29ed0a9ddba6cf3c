"""Snapshots: all records as they were at one moment, and the cursor from which the change feed goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from tenure_core.write.line_splitter import LineSplitter
from tenure_sdk.client.errors import SnapshotBrokenError
from tenure_sdk.client.protocol import Flow, Protocol, Send, read_refusal

MAX_LINE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """One record.

    Args:
        entity: What it is, such as "Account".
        id: Its identity.
        version: Its version.
        data: Its fields, in the form of inputs.
    """

    entity: str
    id: str
    version: int
    data: Mapping[str, Any]


def begin(conversation: Protocol, entities: Sequence[str] | None) -> Flow[httpx.Response]:
    """Ask for a snapshot of some entities, or of all, and return the answer with its body still to be read.

    Raises:
        RefusedError: The snapshot was refused.
        UnreachableError: There was no answer for too long.
    """
    chosen = {} if entities is None else {"entities": ",".join(entities)}
    address, headers = conversation.address("/export"), conversation.authorization
    request = httpx.Request("GET", address, headers=headers, params=chosen)
    response = yield from conversation.try_to_send(Send(request, stream=True))
    if response.is_error:
        raise read_refusal(response)
    return response


class SnapshotReader:
    """Reads a snapshot, and knows whether it is complete."""

    def __init__(self) -> None:
        self._lines = LineSplitter(MAX_LINE_BYTES)
        self._cursor = ""
        self._is_complete = False

    @property
    def cursor(self) -> str:
        """Where the change feed goes on behind the snapshot.

        Raises:
            SnapshotBrokenError: Not all of its records were read.
        """
        if not self._is_complete:
            raise SnapshotBrokenError("The snapshot is not complete.", "Read all of its records first.")
        return self._cursor

    def read(self, data: bytes) -> Iterator[SnapshotRecord]:
        """Yield the records of some more bytes.

        Raises:
            SnapshotBrokenError: They say that the snapshot ends before it is complete.
        """
        for line in self._lines.feed(data):
            found = orjson.loads(line or b"{}")
            if "entity" in found:
                yield SnapshotRecord(found["entity"], found["id"], found["version"], found["data"])
            elif "cursor" in found:
                self._cursor = found["cursor"]
            elif found.get("done"):
                self._is_complete = True
            else:
                raise broken_off(found)

    def end(self) -> None:
        """Check that nothing is missing.

        Raises:
            SnapshotBrokenError: Something is.
        """
        if not self._is_complete:
            raise broken_off("the last line is missing")


def broken_off(reason: object) -> SnapshotBrokenError:
    """Return the error of a snapshot that ended before it was complete."""
    return SnapshotBrokenError(f"The snapshot broke off: {reason}.", "Take it again.")
