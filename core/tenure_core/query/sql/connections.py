"""Lists: a page of records with its edges, its page info and its total count, as one JSON value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by

from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.entities.scalar_types import TEXT
from tenure_core.query.plan.nodes import (
    Aggregation,
    Connection,
    ConnectionOutput,
    Edges,
    Node,
    NodeList,
    PageInfo,
    Position,
    ToManyConnection,
    TotalCount,
    TypeName,
)
from tenure_core.query.sql.columns import labeled_column
from tenure_core.query.sql.conditions import (
    Condition,
    condition,
    is_not_true,
    join_condition,
    tenant_condition,
)
from tenure_core.query.sql.json_objects import (
    Source,
    int_literal,
    json_object,
    required_columns,
    string_literal,
    value,
)
from tenure_core.query.sql.keyset import SortKey, after_cursor, cursor, sort_key

ONE_GROUP: ColumnElement[Any] = literal_column("()")
"""What to group by so that there is one row, whatever the page holds."""

EMPTY_LIST: ColumnElement[Any] = literal_column("'[]'::json")


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a list before paging, as one reading of its table.

    Args:
        source: The table with what the order needs joined to it.
        table: The table.
        keys: The order's keys over them.
        where: Which rows.
    """

    source: FromClause
    table: FromClause
    keys: list[SortKey]
    where: Condition

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        return select(*columns).select_from(self.source).where(self.where)


def _rows(plan: Connection, outer: FromClause | None) -> _Rows:
    table = plan.entity.table.alias()
    source: FromClause = table
    joined: dict[str, FromClause] = {}
    keys = []
    for key in plan.page.order:
        via = key.path.reference
        if via is not None and via.name not in joined:
            other = joined[via.name] = key.path.field.column.table.alias()
            visible = and_(
                tenant_condition(other), join_condition(via, table, other), other.c.deleted_at.is_(None)
            )
            source = source.outerjoin(other, visible)
        keys.append(sort_key(key, table if via is None else joined[via.name]))
    return _Rows(source, table, keys, row_filter(plan, table, outer))


def row_filter(plan: Connection | Aggregation, table: FromClause, outer: FromClause | None) -> Condition:
    """Return the condition that a row belongs to a list, or to the records that are aggregated."""
    related = () if outer is None or plan.relation is None else (join_condition(plan.relation, outer, table),)
    return and_(tenant_condition(table), *related, condition(plan.where, table))


def connection(plan: Connection, outer: FromClause | None) -> Select[Any]:
    """Return the select of one page as JSON, in a column called value.

    Args:
        plan: The page.
        outer: The row around, whose related records are listed; None at the root.
    """
    source = Source.of(_page(plan, outer))
    pairs = [(output.key, _output(output, plan, source, outer)) for output in plan.outputs]
    found = select(json_object(pairs).label("value"))
    if any(isinstance(output, NodeList | Edges | PageInfo) for output in plan.outputs):
        found = found.select_from(source.joined).group_by(ONE_GROUP)
    return _correlated(found, outer)


def _correlated(found: Select[Any], outer: FromClause | None) -> Select[Any]:
    return found if outer is None else found.correlate(outer)


def _output(
    output: ConnectionOutput, plan: Connection, source: Source, outer: FromClause | None
) -> ColumnElement[Any]:
    match output:
        case NodeList():
            return _list(source.node(output.node), plan, source.rows)
        case Edges():
            return _list(_edge(output, source), plan, source.rows)
        case PageInfo():
            return _page_info(output, plan, source.rows, outer)
        case TotalCount():
            return _total_count(plan, outer)
        case _:
            return string_literal(output.name)


def _total_count(plan: Connection, outer: FromClause | None) -> ColumnElement[Any]:
    table = plan.entity.table.alias()
    found = select(func.count()).select_from(table).where(row_filter(plan, table, outer))
    return _correlated(found, outer).scalar_subquery()


def _list(row: ColumnElement[Any], plan: Connection, page: FromClause) -> ColumnElement[Any]:
    listed = func.json_agg(row, type_=JSON())
    return func.coalesce(
        listed.filter(page.c.position <= int_literal(plan.page.size)) if _looks_ahead(plan) else listed,
        EMPTY_LIST,
    )


def _edge(output: Edges, source: Source) -> ColumnElement[Any]:
    columns: list[ColumnElement[Any]] = []
    for one in output.outputs:
        if isinstance(one, TypeName):
            columns.append(string_literal(one.name).label(one.key))
        else:
            key, node = one
            value = (
                source.rows.c.cursor if node is None else func.row_to_json(source.node(node), type_=JSON())
            )
            columns.append(value.label(key))
    return source.add_object(columns)


def _page(plan: Connection, outer: FromClause | None) -> Subquery:
    """The page's rows in the order of the list, with as many columns as its objects need."""
    rows = _rows(plan, outer)
    backward = plan.page.backward
    keys = [k.reversed() for k in rows.keys] if backward else rows.keys
    order = [k.sorted() for k in keys]
    columns: list[ColumnElement[Any]] = [
        labeled_column(column, rows.table) for column in _required_columns(plan)
    ]
    if _needs_cursor(plan):
        columns.append(cursor(rows.keys, plan.page.signature).label("cursor"))
    if _needs_position(plan):
        columns.append(func.row_number().over(order_by=order).label("position"))
    size = plan.page.size + _looks_ahead(plan)
    page = rows.select(*columns).where(*_bounds(plan, rows)).order_by(*order).limit(int_literal(size))
    reached = _correlated(page, outer).subquery()
    if not backward:
        return reached
    return select(reached).order_by(reached.c.position.desc()).subquery()


def _bounds(plan: Connection, rows: _Rows) -> list[Condition]:
    after, before = plan.page.after, plan.page.before
    found = []
    if after:
        found.append(after_cursor(rows.keys, after))
    if before:
        found.append(after_cursor([k.reversed() for k in rows.keys], before))
    return found


def _required_columns(plan: Connection) -> list[AnyColumn]:
    nodes: list[Node] = []
    for output in plan.outputs:
        if isinstance(output, NodeList):
            nodes.append(output.node)
        elif isinstance(output, Edges):
            nodes += [one[1] for one in output.outputs if isinstance(one, tuple) and one[1] is not None]
    found = {name: column for node in nodes for name, column in required_columns(node).items()}
    return list(found.values()) or [plan.entity.id.column]


def _selected_names(plan: Connection) -> set[str]:
    """The names of what is asked about the page itself."""
    infos = [
        one[1] for o in plan.outputs if isinstance(o, PageInfo) for one in o.outputs if isinstance(one, tuple)
    ]
    edges = [one for o in plan.outputs if isinstance(o, Edges) for one in o.outputs if isinstance(one, tuple)]
    return {*infos, *("cursor" for _, node in edges if node is None)}


def _looks_ahead(plan: Connection) -> bool:
    return ("hasPreviousPage" if plan.page.backward else "hasNextPage") in _selected_names(plan)


def _needs_cursor(plan: Connection) -> bool:
    return bool(_selected_names(plan) & {"cursor", "startCursor", "endCursor"})


def _needs_position(plan: Connection) -> bool:
    return (
        plan.page.backward or _looks_ahead(plan) or bool(_selected_names(plan) & {"startCursor", "endCursor"})
    )


def _page_info(
    output: PageInfo, plan: Connection, page: FromClause, outer: FromClause | None
) -> ColumnElement[Any]:
    answers: dict[str, Callable[[], ColumnElement[Any]]] = {
        "startCursor": lambda: _end_cursor(plan, page, first=True),
        "endCursor": lambda: _end_cursor(plan, page, first=False),
        "hasNextPage": lambda: _has_more(plan, outer, counted=not plan.page.backward, bound=plan.page.before),
        "hasPreviousPage": lambda: _has_more(plan, outer, counted=plan.page.backward, bound=plan.page.after),
    }
    return json_object(
        (o.key, string_literal(o.name)) if isinstance(o, TypeName) else (o[0], answers[o[1]]())
        for o in output.outputs
    )


def _end_cursor(plan: Connection, page: FromClause, *, first: bool) -> ColumnElement[Any]:
    near = first != plan.page.backward
    order = page.c.position.asc() if near else page.c.position.desc()
    cursors = func.array_agg(aggregate_order_by(page.c.cursor, order), type_=ARRAY(TEXT))
    return cursors.filter(page.c.position <= int_literal(plan.page.size))[int_literal(1)]


def _has_more(
    plan: Connection, outer: FromClause | None, *, counted: bool, bound: Position | None
) -> Condition:
    """Whether there is more: one row past the page's size, or rows on the far side of a bound."""
    parts: list[Condition] = [func.count() > int_literal(plan.page.size)] if counted else []
    if bound is not None:
        rows = _rows(plan, outer)
        keys = rows.keys if bound is plan.page.after else [k.reversed() for k in rows.keys]
        found = rows.select(int_literal(1)).where(is_not_true(after_cursor(keys, bound)))
        parts.append(exists(_correlated(found, outer)))
    return or_(*parts) if parts else false()


@value.register
def _(output: ToManyConnection, source: Source) -> ColumnElement[Any]:
    return source.attach(connection(output.connection, source.rows)).c.value
