"""The cost of a plan: the maximum number of records and groups that it returns."""

from __future__ import annotations

from functools import singledispatch

from tenure_core.errors import RequestTooLargeError
from tenure_core.query.plan.change_nodes import ChangedRecord, Feed, History
from tenure_core.query.plan.nodes import Aggregation, Connection, Node, RecordsById, children


def check_cost(records: int, max_records: int) -> None:
    """Check the number of records that an operation may return.

    Raises:
        RequestTooLargeError: The number exceeds the limit.
    """
    if records > max_records:
        raise RequestTooLargeError(
            f"The operation may return {records} records; at most {max_records} are allowed.",
            "Reduce `first` on nested lists, or send several requests.",
        )


@singledispatch
def cost(part: object) -> int:
    """Return the maximum number of records and groups that a plan, or a part of a plan, returns.

    The sizes of nested pages are multiplied.
    """
    return sum(map(cost, children(part)))


@cost.register
def _(part: Node) -> int:
    return 1 + sum(map(cost, children(part)))


@cost.register
def _(part: Connection) -> int:
    return 1 + part.page.size * sum(map(cost, children(part)))


@cost.register
def _(part: Feed | History) -> int:
    return 1 + part.size * (1 + sum(map(cost, children(part))))


@cost.register
def _(part: Aggregation) -> int:
    groups = part.size if part.keys else 1
    return groups * (1 + sum(map(cost, children(part))))


@cost.register
def _(part: RecordsById | ChangedRecord) -> int:
    return max(map(cost, children(part)), default=0)
