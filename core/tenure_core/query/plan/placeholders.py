"""Finds the placeholders in a response: the positions whose values plugins compute after the statement.

At each of them, the statement returns the columns that the computation requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from tenure_core.catalog.fields import BatchFieldInfo
from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, History
from tenure_core.query.plan.nodes import (
    Aggregation,
    BatchValue,
    Edges,
    GroupObject,
    KeyNode,
    Node,
    NodeList,
    RecordsById,
    ToManyAggregation,
    ToManyConnection,
    ToOneNode,
    children,
)

ResponsePath = tuple[str | int, ...]
"""The path of a value in a response: keys and list indexes."""

TYPE_MARKER = "entity of record"
"""The key under which a record of several possible entities contains its entity; no alias contains spaces."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A position in a response whose value is to be computed.

    Args:
        field: The field that computes the value.
        record: The object that contains the position.
        path: The path of the position in the response; its last item is the key in `record`.
    """

    field: BatchFieldInfo
    record: dict[str, Any]
    path: ResponsePath

    @property
    def required_values(self) -> Mapping[str, Any]:
        """The values that the computation requires, by attribute; valid until `fill` is called."""
        values: Mapping[str, Any] = self.record[str(self.path[-1])]
        return values

    def fill(self, value: object) -> None:
        """Set the computed value."""
        self.record[str(self.path[-1])] = value


def has_placeholders(part: object) -> bool:
    """Return whether a plan, or a part of a plan, contains values that plugins compute."""
    return isinstance(part, BatchValue) or any(map(has_placeholders, children(part)))


@singledispatch
def find_placeholders(part: object, response: Any, path: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401  # any JSON value
    """Yield the placeholders in a response.

    Args:
        part: The plan, or a part of it.
        response: The response to this part.
        path: The path of this part in the response.
    """
    return _find_in_children(part, response, path)


def _find_in_children(part: object, response: Any, path: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    for child in children(part):
        yield from find_placeholders(child, response, path)


def _find_in_items(part: object, items: Iterable[Any], path: ResponsePath) -> Iterator[Placeholder]:
    inner = [child for child in children(part) if has_placeholders(child)]
    for index, item in enumerate(items if inner else ()):
        for child in inner:
            yield from find_placeholders(child, item, (*path, index))


@find_placeholders.register
def _(part: BatchValue, response: dict[str, Any], path: ResponsePath) -> Iterator[Placeholder]:
    yield Placeholder(part.field, response, (*path, part.key))


@find_placeholders.register
def _(part: Node, response: Any, path: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    return _find_in_children(part, response, path) if response else iter(())


@find_placeholders.register
def _(
    part: ToOneNode | KeyNode | ToManyConnection | ToManyAggregation | GroupObject | History,
    response: dict[str, Any],
    path: ResponsePath,
) -> Iterator[Placeholder]:
    return _find_in_children(part, response[part.key], (*path, part.key))


@find_placeholders.register
def _(part: NodeList | ChangeEdges, response: dict[str, Any], path: ResponsePath) -> Iterator[Placeholder]:
    return _find_in_items(part, response[part.key], (*path, part.key))


@find_placeholders.register
def _(part: Aggregation, response: list[Any], path: ResponsePath) -> Iterator[Placeholder]:
    return _find_in_items(part, response, path)


@find_placeholders.register
def _(part: Edges, response: dict[str, Any], path: ResponsePath) -> Iterator[Placeholder]:
    nodes = [output for output in part.outputs if isinstance(output, tuple)]
    for index, edge in enumerate(response[part.key]):
        for key, node in nodes:
            yield from find_placeholders(node, edge[key], (*path, part.key, index, key))


@find_placeholders.register
def _(part: RecordsById, response: Any, path: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    nodes = [node for _, node in part.nodes]
    if not part.ids.many:
        yield from _find_in_record(nodes, response, path)
        return
    for index, record in enumerate(response):
        yield from _find_in_record(nodes, record, (*path, index))


@find_placeholders.register
def _(part: ChangedRecord, response: dict[str, Any], path: ResponsePath) -> Iterator[Placeholder]:
    return _find_in_record([node for _, node in part.nodes], response[part.key], (*path, part.key))


def _find_in_record(nodes: list[Node], response: Any, path: ResponsePath) -> Iterator[Placeholder]:  # noqa: ANN401
    """Yield the placeholders of a record of several possible entities."""
    entity = response.pop(TYPE_MARKER, None) if response else None
    for node in nodes:
        if len(nodes) == 1 or node.entity.name == entity:
            yield from find_placeholders(node, response, path)
