"""The plan: what a question means, resolved against the catalog and the grants, without any of its values.

A plan is immutable and hashable: requests of one shape have equal plans, and share one compiled statement.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenure_core.catalog.catalog import EntityInfo, ToMany, ToOne
from tenure_core.catalog.computed_fields import AnyColumn, BatchFieldInfo
from tenure_core.catalog.field_paths import FieldPath
from tenure_core.query.plan.change_nodes import Export, Feed, History
from tenure_core.query.plan.predicates import Param, Predicate


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of an order.

    Args:
        path: What is compared.
        descending: Whether the largest comes first.
        nulls_first: Whether empty ones come before all others.
    """

    path: FieldPath
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a cursor points: the place of each order key's value, None where that value is empty."""

    keys: tuple[Param | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list, and in which order.

    Args:
        order: The keys of the order; the last one is the id.
        size: How many records at most.
        backward: Whether they are counted from the end.
        after: Where it starts, exclusive.
        before: Where it ends, exclusive.
    """

    order: tuple[OrderKey, ...]
    size: int
    backward: bool
    after: Position | None
    before: Position | None

    @property
    def signature(self) -> str:
        """A name of the order that a cursor carries, so that it is refused under another order."""
        return ",".join(
            f"{k.path.enum_name} {'-' if k.descending else '+'}{'<' if k.nulls_first else '>'}"
            for k in self.order
        )


@dataclass(frozen=True, slots=True)
class Value:
    """The value of one column."""

    key: str
    column: AnyColumn


@dataclass(frozen=True, slots=True)
class TypeName:
    """The name of the type of the object around it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class BatchValue:
    """What a plugin's code needs to compute a value, in the place of the value."""

    key: str
    field: BatchFieldInfo


@dataclass(frozen=True, slots=True)
class CompositeValue:
    """The object of a composite's parts; null where all of its columns are empty."""

    key: str
    columns: tuple[AnyColumn, ...]
    outputs: tuple[Value | TypeName, ...]


@dataclass(frozen=True, slots=True)
class ToOneNode:
    """The record that a reference leads to; null where it leads to none that may be seen."""

    key: str
    relation: ToOne
    scope: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class ToManyConnection:
    """A page of the records that refer to the one around it."""

    key: str
    connection: Connection


@dataclass(frozen=True, slots=True)
class ToManyAggregation:
    """Aggregates over the records that refer to the one around it."""

    key: str
    aggregation: Aggregation


@dataclass(frozen=True, slots=True)
class ExternalRefs:
    """The keys of the record around it in other systems."""

    key: str
    entity: EntityInfo
    outputs: tuple[Value | TypeName, ...]


Output = (
    Value
    | BatchValue
    | TypeName
    | CompositeValue
    | ToOneNode
    | ToManyConnection
    | ToManyAggregation
    | History
    | ExternalRefs
)


@dataclass(frozen=True, slots=True)
class Node:
    """One record as an object.

    Args:
        entity: Whose record.
        outputs: What the object holds, in order.
    """

    entity: EntityInfo
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class NodeList:
    """The page's records as a list."""

    key: str
    node: Node


@dataclass(frozen=True, slots=True)
class Edges:
    """The page's records as edges.

    Args:
        key: The name of the list.
        outputs: What each edge holds: a `Node` under a key, its cursor under a key (None), or a type name.
    """

    key: str
    outputs: tuple[tuple[str, Node | None] | TypeName, ...]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where the page lies: pairs of a key and one of hasNextPage, hasPreviousPage, startCursor, endCursor."""

    key: str
    outputs: tuple[tuple[str, str] | TypeName, ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """How many records the whole list has."""

    key: str


ConnectionOutput = NodeList | Edges | PageInfo | TotalCount | TypeName


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of a list.

    Args:
        entity: Whose records.
        relation: The relation that leads to them from the record around; None at the root.
        where: Which of them.
        page: Which part, in which order.
        outputs: What the answer holds, in order.
    """

    entity: EntityInfo
    relation: ToMany | None
    where: Predicate
    page: Page
    outputs: tuple[ConnectionOutput, ...]


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One key of a grouping.

    Args:
        path: The value that records are grouped by.
        bucket: The length of time that it is cut down to, such as "month"; None for the value itself.
    """

    path: FieldPath
    bucket: str | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One number over the records of a group.

    Args:
        function: "count", "sum", "average", "minimum" or "maximum".
        column: What it is computed over; None for the count of records.
        currency: The column of the currency, for an amount of money.
    """

    function: str
    column: AnyColumn | None = None
    currency: AnyColumn | None = None


@dataclass(frozen=True, slots=True)
class HavingCompare:
    """A measure against a value."""

    measure: Measure
    operator: str
    param: Param


@dataclass(frozen=True, slots=True)
class AggregateOrder:
    """One key of the order of groups: a key of the grouping by its number, or a measure."""

    by: int | Measure
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class KeyValue:
    """The value of a group's key, by its number; None where the groups have no such key."""

    key: str
    index: int | None


@dataclass(frozen=True, slots=True)
class KeyNode:
    """The record that a group's key refers to; an index of None where the groups have no such key."""

    key: str
    index: int | None
    relation: ToOne
    scope: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class MeasureValue:
    """A measure's value; for money, an object with the given parts."""

    key: str
    measure: Measure
    money: tuple[tuple[str, str] | TypeName, ...] | None


@dataclass(frozen=True, slots=True)
class GroupObject:
    """An object inside a group: its key, or the values of one function."""

    key: str
    outputs: tuple[KeyValue | KeyNode | MeasureValue | TypeName, ...]


GroupOutput = GroupObject | MeasureValue | TypeName


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Groups of records, and numbers over each.

    Args:
        entity: Whose records.
        relation: The relation that leads to them from the record around; None at the root.
        where: Which of them.
        keys: What they are grouped by; with none, all of them are one group.
        having: Which groups.
        order: In which order.
        size: How many groups at most.
        outputs: What each group holds, in order.
    """

    entity: EntityInfo
    relation: ToMany | None
    where: Predicate
    keys: tuple[GroupKey, ...]
    having: tuple[HavingCompare, ...]
    order: tuple[AggregateOrder, ...]
    size: int
    outputs: tuple[GroupOutput, ...]


@dataclass(frozen=True, slots=True)
class RecordById:
    """One record by its id.

    Args:
        where: Which one, and whether it may be seen.
        node: The object.
    """

    where: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class RecordsById:
    """Records of any entity by their ids.

    Args:
        ids: The place of the id, or of the list of ids.
        nodes: For each entity that it may be, which records may be seen and the object.
    """

    ids: Param
    nodes: tuple[tuple[Predicate, Node], ...]


Plan = Connection | Aggregation | RecordById | RecordsById | Feed | Export
"""The plan of one root field."""
