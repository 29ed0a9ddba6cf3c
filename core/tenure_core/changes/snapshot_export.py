"""Exports the records of entities as of one moment, and the cursor from which the change feed continues."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson

from tenure_core.access.identity import Actor
from tenure_core.access.visibility import VisibleRows
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.predicates import Predicate
from tenure_core.changes.reader import current_cursor
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.sql import compile_export

BATCH_SIZE = 1_000


async def export_records(database: Database, actor: Actor, rows: VisibleRows) -> AsyncIterator[bytes]:
    """Yield an export in chunks of complete lines of JSON.

    The first line contains the `cursor` from which the change feed continues without a gap or a repetition.
    One line per record follows, entity by entity, with `data` in the format of inputs. The last line
    contains `done` and the number of records per entity: without it, an export is incomplete.

    Args:
        database: The database.
        actor: The reader.
        rows: The entities, each with its exported rows.

    Raises:
        DatabaseUnavailableError: No connection is available, or it was lost.
        DatabaseTimeoutError: A statement exceeded its time limit.
    """
    counts: dict[str, int] = {}
    async with database.snapshot_connection(actor.tenant_id) as connection:
        yield _line({"cursor": await current_cursor(connection, actor.tenant_id)})
        for entity, predicate in rows:
            counts[entity.name] = 0
            async for lines in _lines(connection, actor, entity, predicate):
                counts[entity.name] += len(lines)
                yield b"".join(line + b"\n" for line in lines)
    yield _line({"done": True, "counts": counts})


async def _lines(
    connection: TenantConnection, actor: Actor, entity: EntityInfo, rows: Predicate
) -> AsyncIterator[list[bytes]]:
    statement = compile_export(entity, rows)
    async with connection.cursor("export") as cursor:
        await cursor.execute(statement.text, statement.values(actor, []))
        while batch := await cursor.fetchmany(BATCH_SIZE):
            yield [line for (line,) in batch]


def _line(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"
