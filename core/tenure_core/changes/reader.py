"""Reads the change feed as Python values, for change listeners and subscriptions."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tenure_core.access.identity import Actor
from tenure_core.access.visibility import VisibleRows
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.catalog.predicates import Param
from tenure_core.changes.change import Change
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.execute import fetch
from tenure_core.query.plan.change_cursors import CHANGE_CURSOR
from tenure_core.query.plan.change_nodes import ChangeEdges, Feed
from tenure_core.query.plan.nodes import NamedField, PageInfo
from tenure_core.query.sql import compile

PAGE_SIZE = 100

CURRENT_CURSOR = "SELECT tenure_current_cursor(%s)"

CHANGE_FIELDS = (
    "cursor", "entity", "id", "operation", "changedFields", "before", "after",
    "version", "actor", "origin", "transactionId", "occurredAt",
)  # fmt: skip


def _to_named_fields(names: Iterable[str]) -> tuple[NamedField, ...]:
    return tuple(NamedField(name, name) for name in names)


OUTPUTS = (
    ChangeEdges("edges", _to_named_fields(CHANGE_FIELDS)),
    PageInfo("pageInfo", _to_named_fields(("endCursor", "hasNextPage"))),
)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of a tenant's change feed.

    Args:
        changes: The changes, in an order in which they can be applied to a copy.
        cursor: Start of the next page.
        has_next: Whether the next page contains changes now.
    """

    changes: tuple[Change, ...]
    cursor: str
    has_next: bool


async def current_cursor(connection: TenantConnection, tenant_id: uuid.UUID) -> str:
    """Return the cursor after all committed changes of a tenant."""
    cursor = await connection.execute(CURRENT_CURSOR, (tenant_id,))
    [(position,)] = await cursor.fetchall()
    return str(position)


async def follow_changes(database: Database, actor: Actor, rows: VisibleRows) -> AsyncGenerator[Change]:
    """Yield the changes from now on, as they are committed, until the generator is closed.

    Args:
        database: The database.
        actor: The reader.
        rows: The entities, each with the rows whose changes the reader can see.

    Raises:
        TenureError: The database failed.
    """
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await current_cursor(connection, actor.tenant_id)
    async with aclosing(database.change_notifier.subscribe(actor.tenant_id)) as notifications:
        async for _ in notifications:
            has_next = True
            while has_next:
                async with database.tenant_connection(actor.tenant_id) as connection:
                    page = await read_page(connection, actor, rows, cursor, PAGE_SIZE)
                for change in page.changes:
                    yield change
                cursor, has_next = page.cursor, page.has_next


async def read_page(
    connection: TenantConnection, actor: Actor, rows: VisibleRows, cursor: str, size: int
) -> ChangePage:
    """Return the changes after a cursor.

    Args:
        connection: A connection that is bound to the tenant.
        actor: The reader.
        rows: The entities, each with the rows whose changes the reader can see.
        cursor: The cursor.
        size: Maximum number of changes.

    Raises:
        psycopg.Error: SQLSTATE TN001: changes after the cursor have been dropped. The connection's owner
            translates it to CursorExpiredError.
    """
    plan = Feed(size, Param(0, CHANGE_CURSOR, False), True, rows, None, None, OUTPUTS)
    page = orjson.loads(await fetch(connection, actor, compile(plan), [cursor]))
    changes = tuple(_change(edge) for edge in page["edges"])
    return ChangePage(changes, page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"])


def _change(edge: dict[str, Any]) -> Change:
    return Change(
        cursor=edge["cursor"],
        entity=edge["entity"],
        id=uuid.UUID(edge["id"]),
        operation=ChangeOperation(edge["operation"]),
        changed_fields=tuple(edge["changedFields"]),
        before=edge["before"],
        after=edge["after"],
        version=edge["version"],
        actor=edge["actor"],
        origin=edge["origin"],
        transaction_id=int(edge["transactionId"]),
        occurred_at=datetime.fromisoformat(edge["occurredAt"]),
    )
