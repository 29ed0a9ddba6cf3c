"""Changes: the change feed, read page by page from wherever the last reader stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from tenure_sdk.client.protocol import Flow, Protocol

PAGE = 1_000

QUERY = """
query FollowChanges(
  $after: String, $first: Int, $entities: [String!], $operations: [ChangeOperation!], $excludeOrigin: String
) {{
  changes(
    after: $after, first: $first, entities: $entities, operations: $operations, excludeOrigin: $excludeOrigin
  ) {{
    edges {{
      cursor entity id operation changedFields before after
      version actor origin transactionId occurredAt {node}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one record.

    Args:
        cursor: Where it stands in the feed.
        entity: What the record is, such as "Account".
        id: The record's identity.
        operation: CREATE, UPDATE, DELETE, RESTORE or PURGE.
        changed_fields: The names of the fields in `before` and `after`.
        before: What was, in the form of inputs.
        after: What came of it, in the form of inputs.
        version: The record's version after it.
        actor: Who wrote.
        origin: The system that the write came from.
        transaction_id: What was written together has the same one.
        occurred_at: When, in ISO 8601.
        node: What was asked of the record as it is now; None where nothing was, or it is deleted.
    """

    cursor: str
    entity: str
    id: str
    operation: str
    changed_fields: Sequence[str]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    version: int
    actor: str
    origin: str
    transaction_id: str
    occurred_at: str
    node: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, and where the feed goes on behind them.

    Args:
        changes: The changes, in an order in which they can be made again. There may be none where only
            others were made than those asked for; the cursor has moved even so.
        cursor: Where to go on: keep it together with what was made of the changes.
        has_more: Whether more of them are there already.
    """

    changes: Sequence[Change]
    cursor: str
    has_more: bool

    def is_beyond(self, cursor: str | None) -> bool:
        """Return whether there is something new behind a cursor, be it only where the feed goes on."""
        return bool(self.changes) or self.cursor != cursor


class ChangeFilter(TypedDict, total=False):
    """What of the feed is wanted; all of it where nothing is said.

    Args:
        entities: Of which entities, such as "Account".
        operations: Which operations.
        exclude_origin: The origin whose changes are left out: one's own, as a rule.
        node: What is wanted of each record as it is now, as GraphQL: "... on Account { name }".
    """

    entities: Sequence[str]
    operations: Sequence[str]
    exclude_origin: str
    node: str


def read_page(conversation: Protocol, after: str | None, wanted: ChangeFilter) -> Flow[ChangePage]:
    """Return the page of the feed behind a cursor.

    Raises:
        CursorExpiredError: The cursor is older than what is kept.
    """
    variables = {
        "after": after,
        "first": PAGE,
        "entities": wanted.get("entities"),
        "operations": wanted.get("operations"),
        "excludeOrigin": wanted.get("exclude_origin"),
    }
    node = f"node {{ {wanted['node']} }}" if "node" in wanted else ""
    data = yield from conversation.ask(QUERY.format(node=node), variables, None)
    found = data["changes"]
    page = found["pageInfo"]
    changes = [_change(edge) for edge in found["edges"]]
    return ChangePage(changes, page["endCursor"] or after or "", page["hasNextPage"])


def _change(edge: Mapping[str, Any]) -> Change:
    return Change(
        edge["cursor"],
        edge["entity"],
        edge["id"],
        edge["operation"],
        edge["changedFields"],
        edge["before"],
        edge["after"],
        edge["version"],
        edge["actor"],
        edge["origin"],
        edge["transactionId"],
        edge["occurredAt"],
        edge.get("node"),
    )
