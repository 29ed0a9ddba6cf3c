"""Snapshots: all records at one point in time, and the change-feed cursor after them (`GET /export`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from tenure_sdk.client.errors import IncompleteSnapshotError
from tenure_sdk.client.protocol import Flow, Protocol, SendRequest, rejection_error


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A record of a snapshot.

    Args:
        entity: The entity of the record, such as "Account".
        id: The id of the record.
        version: The version of the record.
        data: The fields of the record, in the format of mutation inputs.
    """

    entity: str
    id: str
    version: int
    data: Mapping[str, Any]


def request_snapshot(protocol: Protocol, entities: Sequence[str] | None) -> Flow[httpx.Response]:
    """Request a snapshot and return the response with an unread body.

    Args:
        protocol: The server.
        entities: The entities to read; None for all.

    Raises:
        RequestRejectedError: The server rejected the request.
        UnreachableError: There was no response until the retry timeout.
    """
    request = httpx.Request(
        "GET",
        protocol.build_url("/export"),
        headers=protocol.headers,
        params={} if entities is None else {"entities": ",".join(entities)},
    )
    response = yield from protocol.send(SendRequest(request, stream=True))
    if response.is_error:
        raise rejection_error(response)
    return response


class SnapshotReader:
    """Parses the NDJSON lines of a snapshot and checks that the snapshot is complete."""

    def __init__(self) -> None:
        self._partial_line = b""
        self._cursor = ""
        self._is_complete = False

    @property
    def cursor(self) -> str:
        """The change-feed cursor after the snapshot.

        Raises:
            IncompleteSnapshotError: Not all records have been read.
        """
        if not self._is_complete:
            raise IncompleteSnapshotError("The snapshot is incomplete.", "Read all of its records first.")
        return self._cursor

    def feed(self, data: bytes) -> Iterator[SnapshotRecord]:
        """Yield the records of the next bytes of the body.

        Raises:
            IncompleteSnapshotError: The server reports that it aborted the snapshot.
        """
        *lines, self._partial_line = (self._partial_line + data).split(b"\n")
        for line in filter(None, lines):
            item = orjson.loads(line)
            if "entity" in item:
                yield SnapshotRecord(item["entity"], item["id"], item["version"], item["data"])
            elif "cursor" in item:
                self._cursor = item["cursor"]
            elif item.get("done"):
                self._is_complete = True
            else:
                raise incomplete_error(item)

    def finish(self) -> None:
        """Check that the last line has been read.

        Raises:
            IncompleteSnapshotError: It has not.
        """
        if not self._is_complete:
            raise incomplete_error("the last line is missing")


def incomplete_error(reason: object) -> IncompleteSnapshotError:
    """Return the exception for a snapshot that ended early."""
    return IncompleteSnapshotError(f"The snapshot ended early: {reason}.", "Read it again.")
