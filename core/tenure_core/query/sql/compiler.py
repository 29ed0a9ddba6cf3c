"""Statements: from a plan to one SQL statement, kept for the next request of the same shape."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.query.plan.change_nodes import Export, Feed
from tenure_core.query.plan.nodes import (
    Aggregation,
    Connection,
    Node,
    Plan,
    RecordById,
    RecordsById,
    TypeName,
)
from tenure_core.query.plan.predicates import TENANT, Predicate
from tenure_core.query.sql.aggregates import aggregation
from tenure_core.query.sql.conditions import bind_param, parameter_name
from tenure_core.query.sql.connections import connection
from tenure_core.query.sql.export import export_select
from tenure_core.query.sql.feed import feed
from tenure_core.query.sql.json_objects import json_object, record, string_literal

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its dialects
STATEMENT_CACHE_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement, which answers one root field with one JSON value.

    Args:
        text: The SQL, in psycopg's form.
    """

    text: str

    def values(self, tenant_id: uuid.UUID, bound: Sequence[object]) -> dict[str, object]:
        """Return what psycopg binds: the tenant, and the request's values by their places."""
        return {
            parameter_name(TENANT): tenant_id,
            **{parameter_name(i): value for i, value in enumerate(bound)},
        }


@lru_cache(maxsize=STATEMENT_CACHE_SIZE)
def compile(plan: Plan) -> Statement:
    """Return the statement of a plan."""
    return _statement(_select(plan))


def _select(plan: Plan) -> Select[Any]:
    match plan:
        case Connection():
            return connection(plan, None)
        case Aggregation():
            return aggregation(plan, None)
        case RecordById():
            table = plan.node.entity.table.alias()
            return record(plan.node, table, plan.where)
        case RecordsById():
            return _lookup(plan)
        case Feed():
            return feed(plan)
        case Export():
            return _export(plan)


@lru_cache(maxsize=64)
def compile_export(entity: EntityInfo) -> Statement:
    """Return the statement of an entity's living records: a row for each, with a line of an export."""
    return _statement(export_select(entity))


def _statement(found: Select[Any]) -> Statement:
    # The constants of computed values are written out.
    return Statement(str(found.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})))


def _export(plan: Export) -> Select[Any]:
    pairs = (
        (o.key, string_literal(o.name)) if isinstance(o, TypeName) else (o[0], string_literal(plan.url))
        for o in plan.outputs
    )
    return select(json_object(pairs).label("value"))


def _lookup(plan: RecordsById) -> Select[Any]:
    if not plan.ids.many:
        return select(_found(plan, bind_param(plan.ids)).label("value"))
    wanted = func.unnest(bind_param(plan.ids)).table_valued("id", with_ordinality="position").render_derived()
    listed = aggregate_order_by(_found(plan, wanted.c.id), wanted.c.position)
    return select(
        func.coalesce(func.json_agg(listed), literal_column("'[]'::json")).label("value")
    ).select_from(wanted)


def _found(plan: RecordsById, wanted: ColumnElement[Any]) -> ColumnElement[Any]:
    candidates = [_candidate(scope, node, wanted) for scope, node in plan.nodes]
    return func.coalesce(*candidates, literal_column("null::json"), type_=JSON())


def _candidate(scope: Predicate, node: Node, wanted: ColumnElement[Any]) -> ColumnElement[Any]:
    table = node.entity.table.alias()
    return record(node, table, scope, table.c.id == wanted).scalar_subquery()
