"""Renders a connection as one JSON value: the page's records, edges, page info and total count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    NamedField,
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
    ONE,
    Condition,
    is_not_true,
    render_condition,
    tenant_condition,
)
from tenure_core.query.sql.joins import join_references
from tenure_core.query.sql.json_objects import (
    EMPTY_LIST,
    SINGLE_GROUP,
    Source,
    int_literal,
    json_object,
    json_outputs,
    render_value,
    required_columns,
    string_literal,
)
from tenure_core.query.sql.keyset import SortKey, after_cursor, build_sort_key, render_cursor


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a list before paging.

    Args:
        source: The table, joined with the references that the order needs.
        table: The table.
        keys: The sort keys.
        where: The condition of the rows.
    """

    source: FromClause
    table: FromClause
    keys: list[SortKey]
    where: Condition

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        return select(*columns).select_from(self.source).where(self.where)


def _rows(plan: Connection, outer: FromClause | None) -> _Rows:
    table = plan.entity.table.alias()
    source, rows = join_references(table, plan.page.order)
    keys = [build_sort_key(*pair) for pair in zip(plan.page.order, rows, strict=True)]
    return _Rows(source, table, keys, row_filter(plan, table, outer))


def row_filter(plan: Connection | Aggregation, table: FromClause, outer: FromClause | None) -> Condition:
    """Return the condition of the rows that are listed or aggregated."""
    related = () if outer is None or plan.relation is None else (plan.relation.join_condition(outer, table),)
    return and_(tenant_condition(table), *related, render_condition(plan.where, table))


def select_connection(plan: Connection, outer: FromClause | None) -> Select[Any]:
    """Return the select of a connection as JSON, in a column named value.

    Args:
        plan: The connection.
        outer: The row whose related records are listed; None for a root field.
    """
    source = Source.of(_page(plan, outer))
    pairs = [(output.key, _output(output, plan, source, outer)) for output in plan.outputs]
    query = select(json_object(pairs).label("value"))
    if any(isinstance(output, NodeList | Edges | PageInfo) for output in plan.outputs):
        query = query.select_from(source.joined).group_by(SINGLE_GROUP)
    return correlate(query, outer)


def correlate(query: Select[Any], outer: FromClause | None) -> Select[Any]:
    """Correlate a select with the outer row, if there is one."""
    return query if outer is None else query.correlate(outer)


def _output(
    output: ConnectionOutput, plan: Connection, source: Source, outer: FromClause | None
) -> ColumnElement[Any]:
    match output:
        case NodeList():
            return _list(source.add_node(output.node), plan, source.rows)
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
    count = select(func.count()).select_from(table).where(row_filter(plan, table, outer))
    return correlate(count, outer).scalar_subquery()


def _list(row: ColumnElement[Any], plan: Connection, page: FromClause) -> ColumnElement[Any]:
    listed = func.json_agg(row, type_=JSON())
    return func.coalesce(
        listed.filter(page.c.position <= int_literal(plan.page.size)) if _looks_ahead(plan) else listed,
        EMPTY_LIST,
    )


def _edge(output: Edges, source: Source) -> ColumnElement[Any]:
    return source.add_object([_edge_value(item, source) for item in output.outputs])


def _edge_value(output: tuple[str, Node | None] | TypeName, source: Source) -> ColumnElement[Any]:
    if isinstance(output, TypeName):
        return string_literal(output.name).label(output.key)
    key, node = output
    if node is None:
        return source.rows.c.cursor.label(key)
    return func.row_to_json(source.add_node(node), type_=JSON()).label(key)


def _page(plan: Connection, outer: FromClause | None) -> Subquery:
    """Return the page's rows in the order of the list, with the columns that its objects need."""
    rows = _rows(plan, outer)
    backward = plan.page.backward
    keys = [k.reverse() for k in rows.keys] if backward else rows.keys
    order = [k.order_by() for k in keys]
    columns = [*_page_columns(plan, rows)]
    if _needs_position(plan):
        columns.append(func.row_number().over(order_by=order).label("position"))
    size = plan.page.size + _looks_ahead(plan)
    query = rows.select(*columns).where(*_bounds(plan, rows)).order_by(*order).limit(int_literal(size))
    page = correlate(query, outer).subquery()
    if not backward:
        return page
    return select(page).order_by(page.c.position.desc()).subquery()


def _page_columns(plan: Connection, rows: _Rows) -> Iterator[ColumnElement[Any]]:
    for column in _required_columns(plan):
        yield labeled_column(column, rows.table)
    if _needs_cursor(plan):
        yield render_cursor(rows.keys, plan.page.signature).label("cursor")


def _bounds(plan: Connection, rows: _Rows) -> Iterator[Condition]:
    if plan.page.after:
        yield after_cursor(rows.keys, plan.page.after)
    if plan.page.before:
        yield after_cursor([k.reverse() for k in rows.keys], plan.page.before)


def _required_columns(plan: Connection) -> list[AnyColumn]:
    lists = [output.node for output in plan.outputs if isinstance(output, NodeList)]
    edges = [node for _, node in _edge_outputs(plan) if node is not None]
    columns = {name: column for node in (*lists, *edges) for name, column in required_columns(node).items()}
    return list(columns.values()) or [plan.entity.id.column]


def _edge_outputs(plan: Connection) -> list[tuple[str, Node | None]]:
    edges = [output for output in plan.outputs if isinstance(output, Edges)]
    return [item for output in edges for item in output.outputs if isinstance(item, tuple)]


def _selected_names(plan: Connection) -> set[str]:
    """Return the names of the selected page info fields, and "cursor" if an edge's cursor is selected."""
    infos = [output for output in plan.outputs if isinstance(output, PageInfo)]
    names = [field.name for output in infos for field in output.outputs if isinstance(field, NamedField)]
    return {*names, *("cursor" for _, node in _edge_outputs(plan) if node is None)}


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
    values: dict[str, Callable[[], ColumnElement[Any]]] = {
        "startCursor": lambda: _end_cursor(plan, page, first=True),
        "endCursor": lambda: _end_cursor(plan, page, first=False),
        "hasNextPage": lambda: _has_more(plan, outer, counted=not plan.page.backward, bound=plan.page.before),
        "hasPreviousPage": lambda: _has_more(plan, outer, counted=plan.page.backward, bound=plan.page.after),
    }
    return json_outputs(output.outputs, lambda field: values[field.name]())


def _end_cursor(plan: Connection, page: FromClause, *, first: bool) -> ColumnElement[Any]:
    is_ascending = first != plan.page.backward
    order = page.c.position.asc() if is_ascending else page.c.position.desc()
    cursors = func.array_agg(aggregate_order_by(page.c.cursor, order), type_=ARRAY(TEXT))
    return cursors.filter(page.c.position <= int_literal(plan.page.size))[ONE]


def _has_more(
    plan: Connection, outer: FromClause | None, *, counted: bool, bound: Position | None
) -> Condition:
    """Return whether there are more rows: one beyond the page's size, or rows beyond a bound."""
    parts: list[Condition] = [func.count() > int_literal(plan.page.size)] if counted else []
    if bound is not None:
        rows = _rows(plan, outer)
        keys = rows.keys if bound is plan.page.after else [k.reverse() for k in rows.keys]
        beyond = rows.select(ONE).where(is_not_true(after_cursor(keys, bound)))
        parts.append(exists(correlate(beyond, outer)))
    return or_(*parts) if parts else false()


@render_value.register
def _(output: ToManyConnection, source: Source) -> ColumnElement[Any]:
    return source.attach(select_connection(output.connection, source.rows)).c.value
