"""The feed: pages of changes as Python values, for the platform's own readers and those of plugins."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tenure_core.changes import FEED_POSITION, Operation
from tenure_core.database import TenantConnection
from tenure_core.deliveries.change import Change
from tenure_core.execute import fetch
from tenure_core.plan.change_nodes import ChangeEdges, ChangeValue, Feed
from tenure_core.plan.conditions import Param
from tenure_core.plan.nodes import PageInfo
from tenure_core.sql import compile

POSITION = "SELECT tenure_feed_position(%s)"

VALUES = (
    "cursor", "entity", "id", "operation", "changedFields", "before", "after",
    "version", "actor", "origin", "transactionId", "occurredAt",
)  # fmt: skip
OUTPUTS = (
    ChangeEdges("edges", tuple(ChangeValue(name, name) for name in VALUES)),
    PageInfo("pageInfo", (("endCursor", "endCursor"), ("hasNextPage", "hasNextPage"))),
)


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of a tenant's feed.

    Args:
        changes: What was committed, in an order in which it can be done again.
        cursor: Where the next page begins.
        has_next: Whether there is one already.
    """

    changes: tuple[Change, ...]
    cursor: str
    has_next: bool


async def feed_position(connection: TenantConnection, tenant_id: uuid.UUID) -> str:
    """Return the cursor after all changes of a tenant that can be seen."""
    cursor = await connection.execute(POSITION, (tenant_id,))
    [(position,)] = await cursor.fetchall()
    return str(position)


async def feed_page(
    connection: TenantConnection, tenant_id: uuid.UUID, entities: Iterable[str], cursor: str, size: int
) -> FeedPage:
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
    plan = Feed(size, Param(0, FEED_POSITION, False), True, tuple(entities), None, None, OUTPUTS)
    page = orjson.loads(await fetch(connection, tenant_id, compile(plan), [cursor]))
    changes = tuple(_change(edge) for edge in page["edges"])
    return FeedPage(changes, page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"])


def _change(edge: dict[str, Any]) -> Change:
    return Change(
        cursor=edge["cursor"],
        entity=edge["entity"],
        id=uuid.UUID(edge["id"]),
        operation=Operation(edge["operation"]),
        changed_fields=tuple(edge["changedFields"]),
        before=edge["before"],
        after=edge["after"],
        version=edge["version"],
        actor=edge["actor"],
        origin=edge["origin"],
        transaction_id=int(edge["transactionId"]),
        occurred_at=datetime.fromisoformat(edge["occurredAt"]),
    )
