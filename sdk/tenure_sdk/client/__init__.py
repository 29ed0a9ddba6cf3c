"""Client for integrations that synchronize another system with Tenure: `Tenure` and `AsyncTenure`.

The client requires httpx and orjson only. It imports no server code.
"""

from tenure_sdk.client.async_client import AsyncSnapshot, AsyncTenure
from tenure_sdk.client.changes import Change, ChangePage
from tenure_sdk.client.errors import (
    ClientError,
    CursorExpiredError,
    IncompleteSnapshotError,
    RequestRejectedError,
    UnreachableError,
)
from tenure_sdk.client.snapshots import SnapshotRecord
from tenure_sdk.client.sync_client import Snapshot, Tenure
from tenure_sdk.client.upserts import RowResult, UpsertReport

__all__ = [
    "AsyncSnapshot",
    "AsyncTenure",
    "Change",
    "ChangePage",
    "ClientError",
    "CursorExpiredError",
    "IncompleteSnapshotError",
    "RequestRejectedError",
    "RowResult",
    "Snapshot",
    "SnapshotRecord",
    "Tenure",
    "UnreachableError",
    "UpsertReport",
]
