"""Groups: aggregates over records, as one JSON list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    func,
    null,
    select,
    types,
)
from sqlalchemy.dialects.postgresql import JSON

from tenure_core.entities.scalar_types import DATE
from tenure_core.query.plan.nodes import (
    AggregateOrder,
    Aggregation,
    GroupKey,
    GroupObject,
    GroupOutput,
    KeyNode,
    KeyValue,
    Measure,
    MeasureValue,
    ToManyAggregation,
    TypeName,
)
from tenure_core.query.sql.columns import path_value, value_of
from tenure_core.query.sql.conditions import having, join_condition, tenant_condition
from tenure_core.query.sql.connections import EMPTY_LIST, ONE_GROUP, row_filter
from tenure_core.query.sql.json_objects import Source, int_literal, json_object, record, string_literal, value
from tenure_core.query.sql.keyset import SortKey


def aggregation(plan: Aggregation, outer: FromClause | None) -> Select[Any]:
    """Return the select of all groups as JSON, in a column called value.

    Args:
        plan: The groups.
        outer: The row around, whose related records are aggregated; None at the root.
    """
    measures = _measures(plan)
    source = Source.of(_groups(plan, measures, outer).subquery())
    row = source.add_object([_output(o, source, measures).label(o.key) for o in plan.outputs])
    found = select(func.coalesce(func.json_agg(row, type_=JSON()), EMPTY_LIST).label("value"))
    found = found.select_from(source.joined)
    return found if outer is None else found.correlate(outer)


def _measures(plan: Aggregation) -> list[Measure]:
    values = [v for o in plan.outputs for v in (o.outputs if isinstance(o, GroupObject) else (o,))]
    return list(dict.fromkeys(v.measure for v in values if isinstance(v, MeasureValue)))


def _groups(plan: Aggregation, measures: list[Measure], outer: FromClause | None) -> Select[Any]:
    """One row per group: its keys as k0, k1, ..., its measures as m0, ... and their currencies as c0, ..."""
    table = plan.entity.table.alias()
    source, keys = _keys(plan, table)
    columns: list[ColumnElement[Any]] = [key.label(f"k{i}") for i, key in enumerate(keys)]
    for i, measure in enumerate(measures):
        columns.append(_measured(measure, table).label(f"m{i}"))
        if measure.currency is not None:
            columns.append(func.min(value_of(measure.currency, table)).label(f"c{i}"))
    found = select(*(columns or [int_literal(1).label("one")])).select_from(source)
    found = found.where(row_filter(plan, table, outer)).group_by(*(keys or [ONE_GROUP]))
    found = (
        found.having(and_(*(having(h, _measured(h.measure, table)) for h in plan.having)))
        if plan.having
        else found
    )
    order = (_sorted(key, keys, table) for key in plan.order)
    found = found.order_by(*order).limit(int_literal(plan.size))
    return found if outer is None else found.correlate(outer)


def _keys(plan: Aggregation, table: FromClause) -> tuple[FromClause, list[ColumnElement[Any]]]:
    source: FromClause = table
    joined: dict[str, FromClause] = {}
    keys = []
    for key in plan.keys:
        via = key.path.reference
        if via is not None and via.name not in joined:
            other = joined[via.name] = key.path.field.column.table.alias()
            visible = and_(
                tenant_condition(other), join_condition(via, table, other), other.c.deleted_at.is_(None)
            )
            source = source.outerjoin(other, visible)
        keys.append(_key(key, table if via is None else joined[via.name]))
    return source, keys


def _key(key: GroupKey, table: FromClause) -> ColumnElement[Any]:
    column = path_value(key.path, table)
    if key.bucket is None:
        return column
    length = string_literal(key.bucket)
    if key.path.field.scalar_type == DATE:
        return cast(func.date_trunc(length, cast(column, types.DateTime())), types.Date())
    return func.date_trunc(length, column, string_literal("UTC"))


def _measured(measure: Measure, table: FromClause) -> ColumnElement[Any]:
    if measure.column is None:
        return func.count()
    column = value_of(measure.column, table)
    if measure.currency is None:
        return (
            cast(func.avg(column), types.Double())
            if measure.function == "average"
            else FUNCTIONS[measure.function](column)
        )
    currency = value_of(measure.currency, table)
    found = FUNCTIONS[measure.function](column)
    whole = func.round(found) if measure.function == "average" else found
    return case((func.min(currency) == func.max(currency), whole))


FUNCTIONS: dict[str, Any] = {"sum": func.sum, "average": func.avg, "minimum": func.min, "maximum": func.max}
"""The functions of aggregates, as SQL's."""


def _sorted(key: AggregateOrder, keys: list[ColumnElement[Any]], table: FromClause) -> ColumnElement[Any]:
    by = keys[key.by] if isinstance(key.by, int) else _measured(key.by, table)
    return SortKey(by, True, key.descending, key.nulls_first).sorted()


def _output(output: GroupOutput, source: Source, measures: list[Measure]) -> ColumnElement[Any]:
    match output:
        case TypeName():
            return string_literal(output.name)
        case MeasureValue():
            return _measure(output, source.rows, measures)
        case GroupObject():
            parts = [_part(o, source, measures).label(o.key) for o in output.outputs]
            # A key may have more fields than a function may have arguments.
            return func.row_to_json(source.add_object(parts), type_=JSON())


def _part(
    output: KeyValue | KeyNode | MeasureValue | TypeName, source: Source, measures: list[Measure]
) -> ColumnElement[Any]:
    match output:
        case TypeName():
            return string_literal(output.name)
        case MeasureValue():
            return _measure(output, source.rows, measures)
        case KeyValue():
            return null() if output.index is None else source.rows.c[f"k{output.index}"]
        case KeyNode():
            return null() if output.index is None else _key_node(output, source)


def _key_node(output: KeyNode, source: Source) -> ColumnElement[Any]:
    target = output.node.entity.table.alias()
    which = target.c.id == source.rows.c[f"k{output.index}"]
    return source.attach(record(output.node, target, output.scope, which)).c.value


def _measure(output: MeasureValue, rows: FromClause, measures: list[Measure]) -> ColumnElement[Any]:
    index = measures.index(output.measure)
    if output.money is None:
        return rows.c[f"m{index}"]
    parts = {"minorUnits": rows.c[f"m{index}"], "currency": rows.c[f"c{index}"]}
    pairs = (
        (o.key, string_literal(o.name)) if isinstance(o, TypeName) else (o[0], parts[o[1]])
        for o in output.money
    )
    return case((parts["minorUnits"].is_not(None), json_object(pairs)))


@value.register
def _(output: ToManyAggregation, source: Source) -> ColumnElement[Any]:
    return source.attach(aggregation(output.aggregation, source.rows)).c.value
