"""Renders aggregates over groups of records as one JSON list."""

from __future__ import annotations

from collections.abc import Iterator
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
    HavingCompare,
    KeyNode,
    KeyValue,
    Measure,
    MeasureValue,
    ToManyAggregation,
    TypeName,
)
from tenure_core.query.sql.columns import path_value, value_of
from tenure_core.query.sql.conditions import COMPARE, ONE, Condition, bind_param
from tenure_core.query.sql.connections import correlate, row_filter
from tenure_core.query.sql.joins import join_references
from tenure_core.query.sql.json_objects import (
    EMPTY_LIST,
    SINGLE_GROUP,
    Source,
    int_literal,
    json_outputs,
    render_value,
    select_record,
    string_literal,
)
from tenure_core.query.sql.keyset import SortKey


def select_aggregation(plan: Aggregation, outer: FromClause | None) -> Select[Any]:
    """Return the select of all groups as JSON, in a column named value.

    Args:
        plan: The groups.
        outer: The row whose related records are aggregated; None for a root field.
    """
    measures = _measures(plan)
    source = Source.of(_groups(plan, measures, outer).subquery())
    row = source.add_object([_output(o, source, measures).label(o.key) for o in plan.outputs])
    groups = select(func.coalesce(func.json_agg(row, type_=JSON()), EMPTY_LIST).label("value"))
    return correlate(groups.select_from(source.joined), outer)


def _measures(plan: Aggregation) -> list[Measure]:
    values = [v for o in plan.outputs for v in (o.outputs if isinstance(o, GroupObject) else (o,))]
    return list(dict.fromkeys(v.measure for v in values if isinstance(v, MeasureValue)))


def _groups(plan: Aggregation, measures: list[Measure], outer: FromClause | None) -> Select[Any]:
    """Return a row per group: keys as k0, k1, ..., measures as m0, ..., and their currencies as c0, ..."""
    table = plan.entity.table.alias()
    source, rows = join_references(table, plan.keys)
    keys = [_group_key(*pair) for pair in zip(plan.keys, rows, strict=True)]
    columns = [*(key.label(f"k{i}") for i, key in enumerate(keys)), *_measure_columns(measures, table)]
    groups = (
        select(*(columns or [ONE.label("one")]))
        .select_from(source)
        .where(row_filter(plan, table, outer))
        .group_by(*(keys or [SINGLE_GROUP]))
    )
    if plan.having:
        groups = groups.having(and_(*(_having(compare, table) for compare in plan.having)))
    order = (_order_by(key, keys, table) for key in plan.order)
    return correlate(groups.order_by(*order).limit(int_literal(plan.size)), outer)


def _measure_columns(measures: list[Measure], table: FromClause) -> Iterator[ColumnElement[Any]]:
    for i, measure in enumerate(measures):
        yield _measure(measure, table).label(f"m{i}")
        if measure.currency is not None:
            yield func.min(value_of(measure.currency, table)).label(f"c{i}")


def _having(compare: HavingCompare, table: FromClause) -> Condition:
    return COMPARE[compare.operator](_measure(compare.measure, table), bind_param(compare.param))


def _group_key(key: GroupKey, table: FromClause) -> ColumnElement[Any]:
    column = path_value(key.path, table)
    if key.bucket is None:
        return column
    unit = string_literal(key.bucket)
    if key.path.field.scalar_type == DATE:
        return cast(func.date_trunc(unit, cast(column, types.DateTime())), types.Date())
    return func.date_trunc(unit, column, string_literal("UTC"))


def _measure(measure: Measure, table: FromClause) -> ColumnElement[Any]:
    if measure.column is None:
        return func.count()
    result = FUNCTIONS[measure.function](value_of(measure.column, table))
    if measure.currency is None:
        return cast(result, types.Double()) if measure.function == "average" else result
    # Amounts in several currencies have no total.
    currency = value_of(measure.currency, table)
    minor_units = func.round(result) if measure.function == "average" else result
    return case((func.min(currency) == func.max(currency), minor_units))


FUNCTIONS: dict[str, Any] = {"sum": func.sum, "average": func.avg, "minimum": func.min, "maximum": func.max}
"""The SQL of each aggregate function."""


def _order_by(key: AggregateOrder, keys: list[ColumnElement[Any]], table: FromClause) -> ColumnElement[Any]:
    value = keys[key.by] if isinstance(key.by, int) else _measure(key.by, table)
    return SortKey(value, True, key.descending, key.nulls_first).order_by()


def _output(
    output: GroupOutput | KeyValue | KeyNode, source: Source, measures: list[Measure]
) -> ColumnElement[Any]:
    match output:
        case TypeName():
            return string_literal(output.name)
        case MeasureValue():
            return _measure_value(output, source.rows, measures)
        case GroupObject():
            parts = [_output(o, source, measures).label(o.key) for o in output.outputs]
            # `json_build_object` takes 100 arguments at most, and a key may have more fields.
            return func.row_to_json(source.add_object(parts), type_=JSON())
        case KeyValue():
            return null() if output.index is None else source.rows.c[f"k{output.index}"]
        case KeyNode():
            return null() if output.index is None else _key_node(output, source)


def _key_node(output: KeyNode, source: Source) -> ColumnElement[Any]:
    target = output.node.entity.table.alias()
    is_key = target.c.id == source.rows.c[f"k{output.index}"]
    return source.attach(select_record(output.node, target, output.scope, is_key)).c.value


def _measure_value(output: MeasureValue, rows: FromClause, measures: list[Measure]) -> ColumnElement[Any]:
    index = measures.index(output.measure)
    if output.money is None:
        return rows.c[f"m{index}"]
    parts = {"minorUnits": rows.c[f"m{index}"], "currency": rows.c[f"c{index}"]}
    money = json_outputs(output.money, lambda field: parts[field.name])
    return case((parts["minorUnits"].is_not(None), money))


@render_value.register
def _(output: ToManyAggregation, source: Source) -> ColumnElement[Any]:
    return source.attach(select_aggregation(output.aggregation, source.rows)).c.value
