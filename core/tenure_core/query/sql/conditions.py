"""Renders predicates as SQL conditions on the rows of an aliased table."""

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

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.external_refs import EXTERNAL_REF
from tenure_core.catalog.fields import Relation
from tenure_core.catalog.predicates import (
    ActorParam,
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

ONE: ColumnElement[int] = literal_column("1")


ACTOR_TYPES: dict[ActorParam, types.TypeEngine[Any]] = {
    ActorParam.TENANT: types.Uuid(),
    ActorParam.ID: types.Uuid(),
}
"""SQL types of the actor parameters; the others are text."""


def parameter_name(index: int) -> str:
    """Return the name of a request parameter in the statement."""
    return f"p{index}"


def bind_param(param: Param | ActorParam) -> ColumnElement[Any]:
    """Return the placeholder of a parameter."""
    if isinstance(param, ActorParam):
        return _placeholder(param.value, ACTOR_TYPES.get(param, types.Text()))
    item_type = (
        types.Text() if isinstance(param.scalar_type.sql_type, types.Text) else param.scalar_type.sql_type
    )
    return _placeholder(parameter_name(param.index), ARRAY(item_type) if param.many else item_type)


def _placeholder(name: str, sql_type: types.TypeEngine[Any]) -> ColumnElement[Any]:
    # The value is bound when the statement runs, so SQLAlchemy must not require it.
    return bindparam(name, type_=sql_type, required=False)


def tenant_condition(table: FromClause) -> Condition:
    """Return the condition that a row belongs to the caller's tenant."""
    return table.c.tenant_id == bind_param(ActorParam.TENANT)


def related_condition(
    relation: Relation, outer: FromClause, other: FromClause, scope: Predicate
) -> Condition:
    """Return the condition that a row of `other` is related to the row of `outer` and is within a scope."""
    return and_(
        tenant_condition(other), relation.join_condition(outer, other), render_condition(scope, other)
    )


@singledispatch
def render_condition(predicate: Predicate, table: FromClause) -> Condition:
    """Return a predicate as a condition on the rows of a table."""
    raise TypeError(f"no SQL for {predicate!r}")


def is_not_true(part: Condition) -> Condition:
    """Return the negation of a condition; null counts as false."""
    return part.self_group().is_not(true())


@render_condition.register
def _(predicate: And, table: FromClause) -> Condition:
    parts = [render_condition(part, table) for part in predicate.parts]
    return and_(*parts) if parts else true()


@render_condition.register
def _(predicate: Or, table: FromClause) -> Condition:
    parts = [render_condition(part, table) for part in predicate.parts]
    return or_(*parts) if parts else false()


@render_condition.register
def _(predicate: Not, table: FromClause) -> Condition:
    return is_not_true(render_condition(predicate.part, table))


@render_condition.register
def _(predicate: Compare, table: FromClause) -> Condition:
    return COMPARE[predicate.operator](value_of(predicate.column, table), bind_param(predicate.param))


@render_condition.register
def _(predicate: IsNull, table: FromClause) -> Condition:
    columns = [value_of(column, table) for column in predicate.columns]
    if predicate.empty:
        return and_(*(column.is_(None) for column in columns))
    return or_(*(column.is_not(None) for column in columns))


@render_condition.register
def _(predicate: CompareJson, table: FromClause) -> Condition:
    value = _value_at(value_of(predicate.column, table), predicate.path)
    if predicate.operator in ("lt", "lte", "gt", "gte"):
        number: ColumnElement[float] = cast(value, types.Double())
        comparison = COMPARE[predicate.operator](number, bind_param(predicate.param))
        return case((func.jsonb_typeof(value) == literal_column("'number'"), comparison))
    return COMPARE[predicate.operator](value, bind_param(predicate.param))


@render_condition.register
def _(predicate: JsonIsNull, table: FromClause) -> Condition:
    value = _value_at(value_of(predicate.column, table), predicate.path)
    null: ColumnElement[str] = literal_column("'null'")
    is_null = func.coalesce(func.jsonb_typeof(value), null) == null
    return is_null if predicate.empty else ~is_null


@render_condition.register
def _(predicate: Search, table: FromClause) -> Condition:
    return table.c.search.op("@@")(func.tenure_search_query(bind_param(predicate.words)))


@render_condition.register
def _(predicate: RelationMatch, table: FromClause) -> Condition:
    other = predicate.entity.table.alias()
    related = related_condition(predicate.relation, table, other, predicate.scope)
    rows = select(ONE).select_from(other).where(related).correlate(table)
    return _render_quantifier(predicate.quantifier, rows, render_condition(predicate.condition, other))


@render_condition.register
def _(predicate: ExternalRefMatch, table: FromClause) -> Condition:
    ref = EXTERNAL_REF.alias()
    rows = select_external_refs(predicate.entity, table, ref, ONE)
    return _render_quantifier(predicate.quantifier, rows, render_condition(predicate.condition, ref))


def _render_quantifier(quantifier: str, rows: Select[Any], matches: Condition) -> Condition:
    if quantifier == "every":
        return ~exists(rows.where(is_not_true(matches)))
    matching = exists(rows.where(matches))
    return matching if quantifier == "some" else ~matching


def select_external_refs(
    entity: EntityInfo, record: FromClause, ref: FromClause, output: ColumnElement[Any]
) -> Select[Any]:
    """Return the select of an output for each external reference of one record."""
    of_record = ref.c.entity == literal_column(f"'{entity.name}'"), ref.c.record_id == record.c.id
    return select(output).select_from(ref).where(tenant_condition(ref), *of_record).correlate(record)


def _value_at(column: ColumnElement[Any], path: Param) -> ColumnElement[Any]:
    return column.op("#>", return_type=JSONB())(bind_param(path))


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
"""The SQL of each filter operator."""
