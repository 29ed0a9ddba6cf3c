"""The built-in plugin `tenure_retention`: applies the retention periods once per hour and database."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version

import structlog

from tenure_core.changes.retention import apply_retention
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.registrations import DatabaseJob
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings

VERSION = version("tenure-core")

MANIFEST = Manifest(
    name="tenure_retention",
    version=VERSION,
    tenure=f"=={VERSION}",
    doc="Applies the retention periods of changes and idempotency records.",
)

log = structlog.get_logger()


@hookimpl
def register_jobs() -> list[DatabaseJob]:
    """Return the retention job."""
    return [
        DatabaseJob(
            name="apply_retention",
            doc="Create partitions of the change feed, and delete expired changes and idempotency records.",
            every=timedelta(hours=1),
            run=_run_retention,
        )
    ]


async def _run_retention(database: Database, settings: Settings) -> None:
    report = await apply_retention(database, settings)
    log.debug(
        "retention applied",
        created_partitions=report.created_partitions,
        dropped_partitions=report.dropped_partitions,
        deleted_idempotency_records=report.deleted_idempotency_records,
    )
