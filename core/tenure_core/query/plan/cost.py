"""Cost: how many records and groups a plan may bring at most, with the sizes of pages multiplied through."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, Feed, History
from tenure_core.query.plan.nodes import (
    Aggregation,
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


@singledispatch
def cost(part: object) -> int:
    """Return the number of records and groups that a plan or a part of one may bring at most."""
    return 0


def _total(parts: Iterable[object]) -> int:
    return sum(cost(part) for part in parts)


@cost.register
def _(part: Node) -> int:
    return 1 + _total(part.outputs)


@cost.register
def _(part: ToOneNode) -> int:
    return cost(part.node)


@cost.register
def _(part: KeyNode) -> int:
    return cost(part.node)


@cost.register
def _(part: RecordById) -> int:
    return cost(part.node)


@cost.register
def _(part: ToManyConnection) -> int:
    return cost(part.connection)


@cost.register
def _(part: ToManyAggregation) -> int:
    return cost(part.aggregation)


@cost.register
def _(part: Connection) -> int:
    lists = [o.node for o in part.outputs if isinstance(o, NodeList)]
    edges = [
        one[1] for o in part.outputs if isinstance(o, Edges) for one in o.outputs if isinstance(one, tuple)
    ]
    return 1 + part.page.size * _total((*lists, *edges))


@cost.register
def _(part: Feed | History) -> int:
    edges = [o for o in part.outputs if isinstance(o, ChangeEdges)]
    return 1 + part.size * (1 + _total(inner for o in edges for inner in o.outputs))


@cost.register
def _(part: ChangedRecord) -> int:
    return max((cost(node) for _, node in part.nodes), default=0)


@cost.register
def _(part: Aggregation) -> int:
    objects = [o for o in part.outputs if isinstance(o, GroupObject)]
    groups = part.size if part.keys else 1
    return groups + groups * _total(inner for o in objects for inner in o.outputs)


@cost.register
def _(part: RecordsById) -> int:
    return max((cost(node) for _, node in part.nodes), default=0)
