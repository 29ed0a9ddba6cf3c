"""Gaps: the places in an answer that a plugin's code has yet to fill, found by following the plan.

PostgreSQL leaves in each of them what the code needs of the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from tenure_core.catalog.computed_fields import BatchFieldInfo
from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, Feed, History
from tenure_core.query.plan.nodes import (
    Aggregation,
    BatchValue,
    Connection,
    Edges,
    GroupObject,
    KeyNode,
    Node,
    NodeList,
    RecordById,
    RecordsById,
    ToManyAggregation,
    ToManyConnection,
    ToOneNode,
)

ResponsePath = tuple[str | int, ...]
"""What leads to a value in an answer: names and positions."""

TYPE_MARKER = "sort of record"
"""The name under which a record that may be of several entities says of which it is: no alias has spaces."""

INNER = ("outputs", "node", "nodes", "connection", "aggregation")
"""The names of what parts of a plan hold."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place that code has yet to fill.

    Args:
        field: What belongs there.
        record: The object around it.
        place: What leads to it in the answer; its own name comes last.
    """

    field: BatchFieldInfo
    record: dict[str, Any]
    place: ResponsePath

    @property
    def needs(self) -> Mapping[str, Any]:
        """What the code needs, by attribute."""
        needs: Mapping[str, Any] = self.record[str(self.place[-1])]
        return needs

    def fill(self, value: object) -> None:
        """Put a value there."""
        self.record[str(self.place[-1])] = value


def has_placeholders(part: object) -> bool:
    """Return whether a plan, or a part of one, has values that code computes."""
    if isinstance(part, tuple):
        return any(map(has_placeholders, part))
    return isinstance(part, BatchValue) or any(has_placeholders(getattr(part, name, ())) for name in INNER)


@singledispatch
def find_placeholders(part: object, found: Any, place: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401  # any JSON value
    """Yield the gaps in an answer.

    Args:
        part: The plan, or a part of one.
        found: What has come of it.
        place: What leads there.
    """
    return iter(())


@find_placeholders.register
def _(part: BatchValue, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    yield Placeholder(part.field, found, (*place, part.key))


@find_placeholders.register
def _(part: Node, found: Any, place: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    for output in part.outputs if found else ():
        yield from find_placeholders(output, found, place)


@find_placeholders.register
def _(part: ToOneNode | KeyNode, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    yield from find_placeholders(part.node, found[part.key], (*place, part.key))


@find_placeholders.register
def _(part: ToManyConnection, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    yield from find_placeholders(part.connection, found[part.key], (*place, part.key))


@find_placeholders.register
def _(part: ToManyAggregation, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    yield from find_placeholders(part.aggregation, found[part.key], (*place, part.key))


@find_placeholders.register
def _(part: RecordById, found: Any, place: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    yield from find_placeholders(part.node, found, place)


@find_placeholders.register
def _(part: Connection, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    for output in part.outputs:
        yield from find_placeholders(output, found, place)


@find_placeholders.register
def _(part: NodeList, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    for index, record in enumerate(found[part.key]):
        yield from find_placeholders(part.node, record, (*place, part.key, index))


@find_placeholders.register
def _(part: Edges, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    nodes = [one for one in part.outputs if isinstance(one, tuple)]
    for index, edge in enumerate(found[part.key]):
        for key, node in nodes:
            yield from find_placeholders(node, edge[key], (*place, part.key, index, key))


@find_placeholders.register
def _(part: Aggregation, found: list[Any], place: ResponsePath) -> Iterator[Placeholder]:
    for index, group in enumerate(found):
        for output in part.outputs:
            yield from find_placeholders(output, group, (*place, index))


@find_placeholders.register
def _(part: GroupObject, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    for output in part.outputs:
        yield from find_placeholders(output, found[part.key], (*place, part.key))


@find_placeholders.register
def _(part: RecordsById, found: Any, place: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    nodes = [node for _, node in part.nodes]
    if not part.ids.many:
        yield from _of_its_sort(nodes, found, place)
        return
    for index, record in enumerate(found):
        yield from _of_its_sort(nodes, record, (*place, index))


@find_placeholders.register
def _(part: Feed | History, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    around, place = (found[part.key], (*place, part.key)) if isinstance(part, History) else (found, place)
    for output in part.outputs:
        yield from find_placeholders(output, around, place)


@find_placeholders.register
def _(part: ChangeEdges, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    for index, edge in enumerate(found[part.key]):
        for output in part.outputs:
            yield from find_placeholders(output, edge, (*place, part.key, index))


@find_placeholders.register
def _(part: ChangedRecord, found: dict[str, Any], place: ResponsePath) -> Iterator[Placeholder]:
    yield from _of_its_sort([node for _, node in part.nodes], found[part.key], (*place, part.key))


def _of_its_sort(nodes: list[Node], found: Any, place: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    sort = found.pop(TYPE_MARKER, None) if found else None
    for node in nodes:
        if len(nodes) == 1 or node.entity.name == sort:
            yield from find_placeholders(node, found, place)
