"""Recording of statements: those of the current task and of the tasks that it starts, and no others."""

from __future__ import annotations

import asyncio

import psycopg

from tenure_core.access.identity import Actor
from tenure_core.postgres.database import Database
from tenure_core.postgres.statement_log import RecordingCursor, record_statements


async def execute(database: Database, actor: Actor, statement: str) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        await connection.execute(statement)


async def test_statements_are_recorded_in_order(database: Database, actor: Actor) -> None:
    with record_statements() as statements:
        await execute(database, actor, "SELECT 1")
        await execute(database, actor, "SELECT 2")
    await execute(database, actor, "SELECT 3")
    assert statements == ["SELECT 1", "SELECT 2"]


async def test_statements_of_other_tasks_are_not_recorded(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    started = asyncio.Event()

    async def other() -> None:
        await started.wait()
        await execute(database, other_actor, "SELECT 'other'")

    other_task = asyncio.create_task(other())
    with record_statements() as statements:
        started.set()
        await other_task
        await asyncio.create_task(execute(database, actor, "SELECT 'own'"))
    assert statements == ["SELECT 'own'"]


async def test_executemany_is_recorded_once(database: Database, actor: Actor) -> None:
    with record_statements() as statements:
        async with database.tenant_connection(actor.tenant_id) as connection, connection.cursor() as cursor:
            await cursor.executemany("SELECT %s", [(1,), (2,)])
    assert statements == ["SELECT %s"]


async def test_the_recording_cursor_is_installed_only_while_recording(database: Database) -> None:
    async def cursor_class() -> object:
        async with database.shared_connection() as connection:
            return type(connection.cursor())

    assert await cursor_class() is psycopg.AsyncCursor
    with record_statements():
        assert await cursor_class() is RecordingCursor
        with record_statements():
            pass
        assert await cursor_class() is RecordingCursor
    assert await cursor_class() is psycopg.AsyncCursor
