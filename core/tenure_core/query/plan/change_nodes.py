"""The plan of changes: a page of the feed, or of the history of one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.query.plan.predicates import Param, Predicate

if TYPE_CHECKING:
    from tenure_core.query.plan.nodes import Node, PageInfo, TypeName


@dataclass(frozen=True, slots=True)
class ChangeField:
    """One thing about a change, by its name in the API."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """The changed record as it is now; null where it may not be seen.

    Args:
        key: Its name in the answer.
        nodes: For each entity that it may be of, which records may be seen and the object.
    """

    key: str
    nodes: tuple[tuple[Predicate, Node], ...]


@dataclass(frozen=True, slots=True)
class ChangeEdges:
    """The page's changes, and what each of them holds."""

    key: str
    outputs: tuple[ChangeField | ChangedRecord | TypeName, ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of the change feed.

    Args:
        size: How many changes at most.
        after: The position after which it begins.
        resumed: Whether a client gave that position, so that it may have come to lie before what is kept.
        entities: The names of the entities whose changes are wanted.
        operations: The names of the operations that are wanted; None for all.
        without_origin: The place of the origin that is left out; None for none.
        outputs: What the answer holds, in order.
    """

    size: int
    after: Param
    resumed: bool
    entities: tuple[str, ...]
    operations: tuple[str, ...] | None
    without_origin: Param | None
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A page of the changes of the record around it, the newest first.

    Args:
        key: Its name in the answer.
        entity: Whose record.
        size: How many changes at most.
        after: The place of the number before which it begins; None for the newest.
        outputs: What the answer holds, in order.
    """

    key: str
    entity: EntityInfo
    size: int
    after: Param | None
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The address where an export is had: pairs of a key and the name of what is said about it."""

    url: str
    outputs: tuple[tuple[str, str] | TypeName, ...]
