"""The client: what keeps another system in step with Tenure, asynchronous and synchronous."""

from tenure_sdk.client.async_client import AsyncSnapshot, AsyncTenure
from tenure_sdk.client.changes import Change, ChangePage
from tenure_sdk.client.errors import CursorExpiredError, RefusedError, SnapshotBrokenError, UnreachableError
from tenure_sdk.client.snapshots import SnapshotRecord
from tenure_sdk.client.sync_client import Snapshot, Tenure
from tenure_sdk.client.upserts import RowResult, Upserted

__all__ = [
    "AsyncSnapshot",
    "AsyncTenure",
    "Change",
    "ChangePage",
    "CursorExpiredError",
    "RefusedError",
    "RowResult",
    "Snapshot",
    "SnapshotBrokenError",
    "SnapshotRecord",
    "Tenure",
    "UnreachableError",
    "Upserted",
]
