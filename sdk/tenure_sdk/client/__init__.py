"""The client: what keeps another system in step with Tenure, asynchronous and synchronous."""

from tenure_sdk.client.async_client import AsyncSnapshot, AsyncTenure
from tenure_sdk.client.changes import Change, ChangePage
from tenure_sdk.client.errors import (
    CursorExpiredError,
    RequestRejectedError,
    SnapshotBrokenError,
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
    "CursorExpiredError",
    "RequestRejectedError",
    "RowResult",
    "Snapshot",
    "SnapshotBrokenError",
    "SnapshotRecord",
    "Tenure",
    "UnreachableError",
    "UpsertReport",
]
