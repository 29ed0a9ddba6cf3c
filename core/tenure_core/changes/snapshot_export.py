"""Export: all records of some entities as they are at one moment, and the cursor to follow them from."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence

import orjson

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.changes.reader import current_cursor
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.sql import compile_export

BATCH_SIZE = 1_000


async def export(
    database: Database, tenant_id: uuid.UUID, entities: Sequence[EntityInfo]
) -> AsyncIterator[bytes]:
    """Yield an export piece by piece, each of whole lines of JSON.

    The first line has the `cursor` from which the change feed goes on, with nothing missed and nothing twice.
    Then comes a line for each living record, entity by entity, with `data` in the form of the inputs. The
    last line says that it is `done`, and how many there were: an export without it is not complete.

    Args:
        database: Where the records are.
        tenant_id: Whose.
        entities: Which.

    Raises:
        DatabaseUnavailableError: No connection can be had, or it was lost.
        DatabaseTimeoutError: PostgreSQL takes too long.
    """
    counts: dict[str, int] = {}
    async with database.snapshot_connection(tenant_id) as connection:
        yield _line({"cursor": await current_cursor(connection, tenant_id)})
        for entity in entities:
            counts[entity.name] = 0
            async for lines in _lines(connection, tenant_id, entity):
                counts[entity.name] += len(lines)
                yield b"".join(line + b"\n" for line in lines)
    yield _line({"done": True, "counts": counts})


async def _lines(
    connection: TenantConnection, tenant_id: uuid.UUID, entity: EntityInfo
) -> AsyncIterator[list[bytes]]:
    statement = compile_export(entity)
    async with connection.cursor("export") as cursor:
        await cursor.execute(statement.text, statement.values(tenant_id, []))
        while rows := await cursor.fetchmany(BATCH_SIZE):
            yield [line for (line,) in rows]


def _line(value: object) -> bytes:
    return orjson.dumps(value) + b"\n"
