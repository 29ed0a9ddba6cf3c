"""Watching statements: all that some code sends, and nothing of what others send."""

from __future__ import annotations

import asyncio

from tenure_core.access.identity import Actor
from tenure_core.postgres.database import Database
from tenure_core.postgres.statement_log import record_statements


async def ask(database: Database, actor: Actor, statement: str) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        await connection.execute(statement)


async def test_statements_are_seen_in_their_order(database: Database, actor: Actor) -> None:
    with record_statements() as seen:
        await ask(database, actor, "SELECT 1")
        await ask(database, actor, "SELECT 2")
    await ask(database, actor, "SELECT 3")
    assert seen == ["SELECT 1", "SELECT 2"]


async def test_what_other_tasks_send_is_not_seen(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    begun = asyncio.Event()

    async def other() -> None:
        await begun.wait()
        await ask(database, other_actor, "SELECT 'other'")

    beside = asyncio.create_task(other())
    with record_statements() as seen:
        begun.set()
        await beside
        await asyncio.create_task(ask(database, actor, "SELECT 'own'"))
    assert seen == ["SELECT 'own'"]


async def test_many_values_are_one_statement(database: Database, actor: Actor) -> None:
    with record_statements() as seen:
        async with database.tenant_connection(actor.tenant_id) as connection, connection.cursor() as cursor:
            await cursor.executemany("SELECT %s", [(1,), (2,)])
    assert seen == ["SELECT %s"]
