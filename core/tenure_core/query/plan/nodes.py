"""The plan of a root field, resolved against the catalog and the grants, without the values of variables.

A plan is immutable and hashable: requests of the same shape have equal plans, and share one compiled
statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.catalog.field_paths import FieldPath
from tenure_core.catalog.fields import BatchFieldInfo, ToMany, ToOneRelation
from tenure_core.catalog.predicates import Param, Predicate
from tenure_core.entities.scalar_types import ScalarType
from tenure_core.query.plan.change_nodes import Export, Feed, History


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A key of a sort order.

    Args:
        path: The compared value.
        descending: Whether the largest value comes first.
        nulls_first: Whether nulls come before all values.
        scope: The visible rows that the path's reference leads to; None for a path without a reference.
    """

    path: FieldPath
    descending: bool
    nulls_first: bool
    scope: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a cursor: the parameter of each order key's value, None if the value is null."""

    keys: tuple[Param | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The order and the section of a list.

    Args:
        order: The keys of the order; the last one is the id.
        size: The maximum number of records.
        backward: Whether the records are counted from the end.
        after: The start, exclusive.
        before: The end, exclusive.
    """

    order: tuple[OrderKey, ...]
    size: int
    backward: bool
    after: Position | None
    before: Position | None

    @property
    def signature(self) -> str:
        """The order as text; cursors contain it, so that a cursor of another order is rejected."""
        return ",".join(
            f"{k.path.enum_name} {'-' if k.descending else '+'}{'<' if k.nulls_first else '>'}"
            for k in self.order
        )


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a column."""

    key: str
    column: AnyColumn


@dataclass(frozen=True, slots=True)
class TypeName:
    """The name of the type of the surrounding object."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class NamedField:
    """A field of an object that is not a record, by its name in the API."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class BatchValue:
    """A value that a plugin computes; the statement returns the columns that it requires."""

    key: str
    field: BatchFieldInfo


@dataclass(frozen=True, slots=True)
class CompositeValue:
    """The object of a composite field; null if all of its columns are null."""

    key: str
    columns: tuple[AnyColumn, ...]
    outputs: tuple[Value | TypeName, ...]


@dataclass(frozen=True, slots=True)
class ToOneNode:
    """The record of a to-one relation; null if there is none in the scope."""

    key: str
    relation: ToOneRelation
    scope: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class ToManyConnection:
    """A page of the records that refer to the surrounding record."""

    key: str
    connection: Connection


@dataclass(frozen=True, slots=True)
class ToManyAggregation:
    """Aggregates over the records that refer to the surrounding record."""

    key: str
    aggregation: Aggregation


@dataclass(frozen=True, slots=True)
class ExternalRefs:
    """The external references of the surrounding record."""

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
    """A record as an object.

    Args:
        entity: The entity of the record.
        outputs: The properties of the object, in order.
    """

    entity: EntityInfo
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class NodeList:
    """The records of a page as a list."""

    key: str
    node: Node


@dataclass(frozen=True, slots=True)
class Edges:
    """The records of a page as edges.

    Args:
        key: The response key.
        outputs: The properties of each edge: the record, the cursor (a key with None), or the type name.
    """

    key: str
    outputs: tuple[tuple[str, Node | None] | TypeName, ...]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """The page info: hasNextPage, hasPreviousPage, startCursor and endCursor."""

    key: str
    outputs: tuple[NamedField | TypeName, ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """The number of records in the whole list."""

    key: str


ConnectionOutput = NodeList | Edges | PageInfo | TotalCount | TypeName


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of a list.

    Args:
        entity: The entity of the records.
        relation: The relation from the surrounding record to them; None for a root field.
        where: The condition on the records.
        page: The order and the section.
        outputs: The properties of the connection, in order.
    """

    entity: EntityInfo
    relation: ToMany | None
    where: Predicate
    page: Page
    outputs: tuple[ConnectionOutput, ...]


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A key of a grouping.

    Args:
        path: The value by which records are grouped.
        bucket: The unit of time to which the value is truncated, such as "month"; None for the value itself.
        scope: The visible rows that the path's reference leads to; None for a path without a reference.
    """

    path: FieldPath
    bucket: str | None
    scope: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate function over the records of a group.

    Args:
        function: "count", "sum", "average", "minimum" or "maximum".
        scalar_type: The type of the result.
        column: The column that is aggregated; None for the count of records.
        currency: The column of the currency if the value is an amount of money.
        object_type: The name of the object type of the result if it is an amount of money.
    """

    function: str
    scalar_type: ScalarType
    column: AnyColumn | None = None
    currency: AnyColumn | None = None
    object_type: str = ""


@dataclass(frozen=True, slots=True)
class HavingCompare:
    """A comparison of a measure with a value."""

    measure: Measure
    operator: str
    param: Param


@dataclass(frozen=True, slots=True)
class AggregateOrder:
    """A key of the order of groups: the index of a group key, or a measure."""

    by: int | Measure
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class KeyValue:
    """The value of the group key with an index; null if the index is None."""

    key: str
    index: int | None


@dataclass(frozen=True, slots=True)
class KeyNode:
    """The record whose id is the value of the group key with an index; null if the index is None."""

    key: str
    index: int | None
    scope: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class MeasureValue:
    """The value of a measure; for an amount of money, an object with the given parts."""

    key: str
    measure: Measure
    money: tuple[NamedField | TypeName, ...] | None


@dataclass(frozen=True, slots=True)
class GroupObject:
    """An object inside a group: its key, or the values of one function."""

    key: str
    outputs: tuple[KeyValue | KeyNode | MeasureValue | TypeName, ...]


GroupOutput = GroupObject | MeasureValue | TypeName


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Aggregates over groups of records.

    Args:
        entity: The entity of the records.
        relation: The relation from the surrounding record to them; None for a root field.
        where: The condition on the records.
        keys: The group keys; without keys, all records are one group.
        having: The conditions on the groups.
        order: The order of the groups.
        size: The maximum number of groups.
        outputs: The properties of each group, in order.
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
    """One record.

    Args:
        where: The condition that identifies it, and that it is visible.
        node: The object.
    """

    where: Predicate
    node: Node


@dataclass(frozen=True, slots=True)
class RecordsById:
    """Records of any entity by id.

    Args:
        ids: The parameter of the id, or of the list of ids.
        nodes: For each possible entity, the condition that a record is visible, and the object.
    """

    ids: Param
    nodes: tuple[tuple[Predicate, Node], ...]


Plan = Connection | Aggregation | RecordById | RecordsById | Feed | Export
"""The plan of a root field."""


def children(part: object) -> Iterator[object]:
    """Yield the parts of a plan directly inside a part, for code that traverses plans."""
    for name in ("outputs", "node", "nodes", "connection", "aggregation"):
        yield from _flatten(getattr(part, name, ()))


def _flatten(value: object) -> Iterator[object]:
    if not isinstance(value, tuple):
        yield value
        return
    for item in value:
        yield from _flatten(item)
