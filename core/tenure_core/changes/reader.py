"""The feed: pages of changes as Python values, for the platform's own readers and those of plugins."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tenure_core.catalog.change_operation import CHANGE_CURSOR, ChangeOperation
from tenure_core.changes.change import Change
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.execute import fetch
from tenure_core.query.plan.change_nodes import ChangeEdges, ChangeField, Feed
from tenure_core.query.plan.nodes import PageInfo
from tenure_core.query.plan.predicates import Param
from tenure_core.query.sql import compile

PAGE_SIZE = 100

POSITION = "SELECT tenure_feed_position(%s)"

VALUES = (
    "cursor", "entity", "id", "operation", "changedFields", "before", "after",
    "version", "actor", "origin", "transactionId", "occurredAt",
)  # fmt: skip
OUTPUTS = (
    ChangeEdges("edges", tuple(ChangeField(name, name) for name in VALUES)),
    PageInfo("pageInfo", (("endCursor", "endCursor"), ("hasNextPage", "hasNextPage"))),
)


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of a tenant's feed.

    Args:
        changes: What was committed, in an order in which it can be done again.
        cursor: Where the next page begins.
        has_next: Whether there is one already.
    """

    changes: tuple[Change, ...]
    cursor: str
    has_next: bool


async def current_cursor(connection: TenantConnection, tenant_id: uuid.UUID) -> str:
    """Return the cursor after all changes of a tenant that can be seen."""
    cursor = await connection.execute(POSITION, (tenant_id,))
    [(position,)] = await cursor.fetchall()
    return str(position)


async def follow(database: Database, tenant_id: uuid.UUID, entities: Sequence[str]) -> AsyncGenerator[Change]:
    """Yield a tenant's changes from now on, as they are committed, until it is closed.

    Args:
        database: Where they are.
        tenant_id: Whose changes.
        entities: The names of the entities that are wanted.

    Raises:
        TenureError: The database can't.
    """
    async with database.tenant_connection(tenant_id) as connection:
        cursor = await current_cursor(connection, tenant_id)
    async with aclosing(database.wakes.subscribe(tenant_id)) as waits:
        async for _ in waits:
            has_next = True
            while has_next:
                async with database.tenant_connection(tenant_id) as connection:
                    page = await read_page(connection, tenant_id, entities, cursor, PAGE_SIZE)
                for change in page.changes:
                    yield change
                cursor, has_next = page.cursor, page.has_next


async def read_page(
    connection: TenantConnection, tenant_id: uuid.UUID, entities: Iterable[str], cursor: str, size: int
) -> ChangePage:
    """Return the changes after a cursor.

    Args:
        connection: Bound to the tenant.
        tenant_id: Whose changes.
        entities: The names of the entities that are wanted.
        cursor: Where to begin.
        size: How many changes at most.

    Raises:
        psycopg.Error: SQLSTATE TN001, which the database's lender translates to CursorExpiredError: changes
            after the cursor are no longer kept.
    """
    plan = Feed(size, Param(0, CHANGE_CURSOR, False), True, tuple(entities), None, None, OUTPUTS)
    page = orjson.loads(await fetch(connection, tenant_id, compile(plan), [cursor]))
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
