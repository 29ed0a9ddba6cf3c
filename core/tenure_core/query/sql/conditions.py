"""Predicates: from a plan's conditions to SQL conditions on one aliased table."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    types,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenure_core.catalog.catalog import EntityInfo, ToMany, ToOne
from tenure_core.catalog.external_refs import EXTERNAL_REF
from tenure_core.query.plan.nodes import HavingCompare
from tenure_core.query.plan.predicates import (
    TENANT,
    And,
    Compare,
    CompareJson,
    ExternalRefMatch,
    IsNull,
    JsonIsNull,
    Not,
    Or,
    Param,
    Predicate,
    RelationMatch,
    Search,
)
from tenure_core.query.sql.columns import value_of

Condition = ColumnElement[bool]


def parameter_name(index: int) -> str:
    """Return the name of a value's place in the statement."""
    return "tenant" if index == TENANT else f"p{index}"


def bind_param(param: Param) -> ColumnElement[Any]:
    """Return the place of a value as an expression."""
    one = types.Text() if isinstance(param.kind.sql_type, types.Text) else param.kind.sql_type
    return _bound(parameter_name(param.index), ARRAY(one) if param.many else one)


def _bound(name: str, sql_type: types.TypeEngine[Any]) -> ColumnElement[Any]:
    # Its value comes when the statement is run: SQLAlchemy must not miss it.
    return bindparam(name, type_=sql_type, required=False)


def tenant_condition(table: FromClause) -> Condition:
    """Return the condition that a row belongs to the tenant who asks."""
    return table.c.tenant_id == _bound(parameter_name(TENANT), types.Uuid())


def join_condition(relation: ToOne | ToMany, outer: FromClause, other: FromClause) -> Condition:
    """Return the condition that `other` is a record on the far side of a relation of `outer`."""
    if isinstance(relation, ToOne):
        return other.c.id == outer.c[relation.column.name]
    return other.c[relation.column.name] == outer.c.id


@singledispatch
def condition(predicate: Predicate, table: FromClause) -> Condition:
    """Return a predicate as a condition on one table."""
    raise TypeError(f"no SQL for {predicate!r}")


def is_not_true(part: Condition) -> Condition:
    """Return the opposite of a condition, where unknown counts as false."""
    return part.self_group().is_not(true())


@condition.register
def _(predicate: And, table: FromClause) -> Condition:
    parts = [condition(part, table) for part in predicate.parts]
    return and_(*parts) if parts else true()


@condition.register
def _(predicate: Or, table: FromClause) -> Condition:
    parts = [condition(part, table) for part in predicate.parts]
    return or_(*parts) if parts else false()


@condition.register
def _(predicate: Not, table: FromClause) -> Condition:
    return is_not_true(condition(predicate.part, table))


@condition.register
def _(predicate: Compare, table: FromClause) -> Condition:
    return COMPARE[predicate.operator](value_of(predicate.column, table), bind_param(predicate.param))


@condition.register
def _(predicate: IsNull, table: FromClause) -> Condition:
    columns = [value_of(column, table) for column in predicate.columns]
    if predicate.empty:
        return and_(*(column.is_(None) for column in columns))
    return or_(*(column.is_not(None) for column in columns))


@condition.register
def _(predicate: CompareJson, table: FromClause) -> Condition:
    found = _inside(value_of(predicate.column, table), predicate.path)
    if predicate.operator in ("lt", "lte", "gt", "gte"):
        number: ColumnElement[float] = cast(found, types.Double())
        compared = COMPARE[predicate.operator](number, bind_param(predicate.param))
        return case((func.jsonb_typeof(found) == literal_column("'number'"), compared))
    return COMPARE[predicate.operator](found, bind_param(predicate.param))


@condition.register
def _(predicate: JsonIsNull, table: FromClause) -> Condition:
    found = _inside(value_of(predicate.column, table), predicate.path)
    null: ColumnElement[str] = literal_column("'null'")
    missing = func.coalesce(func.jsonb_typeof(found), null) == null
    return missing if predicate.empty else ~missing


@condition.register
def _(predicate: Search, table: FromClause) -> Condition:
    return table.c.search.op("@@")(func.tenure_search_query(bind_param(predicate.words)))


@condition.register
def _(predicate: RelationMatch, table: FromClause) -> Condition:
    other = predicate.entity.table.alias()
    matched = condition(predicate.condition, other)
    if predicate.quantifier == "every":
        matched = is_not_true(matched)
    found = related_rows(predicate.entity, predicate.relation, table, other).where(
        condition(predicate.scope, other), matched
    )
    return exists(found) if predicate.quantifier == "some" else ~exists(found)


def related_rows(
    entity: EntityInfo, relation: ToOne | ToMany, outer: FromClause, other: FromClause
) -> Select[Any]:
    """Return the select of the related records of one row of `outer`, without any column yet."""
    return (
        select(literal_column("1"))
        .select_from(other)
        .where(tenant_condition(other), join_condition(relation, outer, other))
        .correlate(outer)
    )


@condition.register
def _(predicate: ExternalRefMatch, table: FromClause) -> Condition:
    ref = EXTERNAL_REF.alias()
    matched = condition(predicate.condition, ref)
    if predicate.quantifier == "every":
        matched = is_not_true(matched)
    found = external_refs(predicate.entity, table, ref, literal_column("1")).where(matched)
    return exists(found) if predicate.quantifier == "some" else ~exists(found)


def external_refs(
    entity: EntityInfo, record: FromClause, ref: FromClause, what: ColumnElement[Any]
) -> Select[Any]:
    """Return the select of something about the keys that other systems have for one record."""
    own = ref.c.entity == literal_column(f"'{entity.name}'"), ref.c.record_id == record.c.id
    return select(what).select_from(ref).where(tenant_condition(ref), *own).correlate(record)


def _inside(column: ColumnElement[Any], path: Param) -> ColumnElement[Any]:
    return column.op("#>", return_type=JSONB())(bind_param(path))


def having(compare: HavingCompare, measure: ColumnElement[Any]) -> Condition:
    """Return the condition on a measure of a group."""
    return COMPARE[compare.operator](measure, bind_param(compare.param))


COMPARE: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], Condition]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a.is_distinct_from(b),
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "in": lambda a, b: a == func.any(b),
    "notIn": lambda a, b: is_not_true(a == func.any(b)),
    "contains": lambda a, b: (
        a.op("@>")(b) if isinstance(a.type, JSONB) else func.strpos(a, b) > literal_column("0")
    ),
    "startsWith": func.starts_with,
    "endsWith": lambda a, b: func.right(a, func.length(b)) == b,
    "hasKey": func.jsonb_exists,
    "has": lambda a, b: b == func.any(a),
    "hasEvery": lambda a, b: a.op("@>")(b),
    "hasSome": lambda a, b: a.op("&&")(b),
    "isEmpty": lambda a, b: a == b,
    "isNotEmpty": lambda a, b: a != b,
}
"""Every operator of a filter, as SQL."""
