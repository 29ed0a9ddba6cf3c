"""The plans of changes: a page of the change feed or of a record's history, and the snapshot export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.predicates import Param, Predicate

if TYPE_CHECKING:
    from tenure_core.query.plan.nodes import NamedField, Node, PageInfo, TypeName


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """The changed record in its current state; null if it is not visible.

    Args:
        key: The response key.
        nodes: For each possible entity, the condition that a record is visible, and the object.
    """

    key: str
    nodes: tuple[tuple[Predicate, Node], ...]


@dataclass(frozen=True, slots=True)
class ChangeEdges:
    """The changes of a page, with the properties of each."""

    key: str
    outputs: tuple[NamedField | ChangedRecord | TypeName, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of the change feed.

    Args:
        size: The maximum number of changes.
        after: The parameter of the cursor after which the page starts.
        resumed: Whether the client gave the cursor, which may therefore be older than the retention period.
        scopes: The entities whose changes are returned, each with the rows whose changes are visible.
        operations: The names of the operations that are returned; None for all.
        without_origin: The parameter of the origin that is excluded; None for none.
        outputs: The properties of the connection, in order.
    """

    size: int
    after: Param
    resumed: bool
    scopes: tuple[tuple[EntityInfo, Predicate], ...]
    operations: tuple[str, ...] | None
    without_origin: Param | None
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A page of the changes of the surrounding record, newest first.

    Args:
        key: The response key.
        entity: The entity of the record.
        size: The maximum number of changes.
        after: The parameter of the cursor after which the page starts; None for the newest change.
        outputs: The properties of the connection, in order.
    """

    key: str
    entity: EntityInfo
    size: int
    after: Param | None
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The address of a snapshot export."""

    url: str
    outputs: tuple[NamedField | TypeName, ...]
