"""The change feed: changes, pages of changes, and the flow that reads a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from tenure_sdk.client.protocol import Flow, Protocol

PAGE_SIZE = 1_000

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
    """A change of one record.

    Args:
        cursor: The position of the change in the feed.
        entity: The entity of the record, such as "Account".
        id: The id of the record.
        operation: CREATE, UPDATE, DELETE, RESTORE or PURGE.
        changed_fields: The names of the fields in `before` and `after`.
        before: The previous values, in the format of mutation inputs; None for CREATE.
        after: The new values, in the format of mutation inputs; None for PURGE.
        version: The version of the record after the change.
        actor: Who made the change.
        origin: The origin of the API key that made the change, such as "erp".
        transaction_id: Changes of the same transaction have the same id.
        occurred_at: The time of the change, in ISO 8601.
        node: The current values that the filter's `node` selects; None without a selection, or if the record
            is deleted.
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
    """A page of the change feed.

    Args:
        changes: The changes in commit order. The page may be empty although the cursor has advanced, if the
            filter excludes all changes in between.
        cursor: The cursor to continue from. Store it in the same transaction as the processed changes.
        has_more: Whether the next page is available immediately.
    """

    changes: Sequence[Change]
    cursor: str
    has_more: bool

    def is_after(self, cursor: str | None) -> bool:
        """Return whether the page has changes or a newer cursor than the given one."""
        return bool(self.changes) or self.cursor != cursor


class ChangeFilter(TypedDict, total=False):
    """Selects changes of the feed. Without a filter, all changes are read.

    Args:
        entities: Only changes of these entities, such as "Account".
        operations: Only these operations.
        exclude_origin: Skips changes with this origin. An integration excludes its own origin.
        node: A GraphQL selection on the current record: "... on Account { name }".
    """

    entities: Sequence[str]
    operations: Sequence[str]
    exclude_origin: str
    node: str


def read_page(protocol: Protocol, after: str | None, change_filter: ChangeFilter) -> Flow[ChangePage]:
    """Return the page of the feed after a cursor.

    Raises:
        CursorExpiredError: The cursor is older than the retention period.
    """
    variables = {
        "after": after,
        "first": PAGE_SIZE,
        "entities": change_filter.get("entities"),
        "operations": change_filter.get("operations"),
        "excludeOrigin": change_filter.get("exclude_origin"),
    }
    node = f"node {{ {change_filter['node']} }}" if "node" in change_filter else ""
    data = yield from protocol.execute(QUERY.format(node=node), variables, None)
    connection = data["changes"]
    page_info = connection["pageInfo"]
    changes = [_parse_change(edge) for edge in connection["edges"]]
    return ChangePage(changes, page_info["endCursor"] or after or "", page_info["hasNextPage"])


def _parse_change(edge: Mapping[str, Any]) -> Change:
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
