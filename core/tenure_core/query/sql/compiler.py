"""Compiles a plan to one SQL statement, with a cache for requests of the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Select, Table, func, select
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

import tenure_core.query.sql.history  # noqa: F401  # registers the SQL of `history`
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.predicates import Predicate
from tenure_core.query.plan.change_nodes import Export, Feed
from tenure_core.query.plan.nodes import (
    Aggregation,
    Connection,
    Node,
    Plan,
    RecordById,
    RecordsById,
)
from tenure_core.query.sql.aggregates import select_aggregation
from tenure_core.query.sql.conditions import bind_param, parameter_name, render_condition
from tenure_core.query.sql.connections import select_connection
from tenure_core.query.sql.export import select_export
from tenure_core.query.sql.feed import select_feed
from tenure_core.query.sql.json_objects import EMPTY_LIST, NULL, json_outputs, select_record, string_literal

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its dialects
STATEMENT_CACHE_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class Statement:
    """A SQL statement that returns the JSON value of one root field.

    Args:
        text: The SQL, with named psycopg parameters.
    """

    text: str

    def values(self, actor: Actor, request_values: Sequence[object]) -> dict[str, object]:
        """Return the parameters: the actor's properties, and the values of the request by position."""
        return {
            **actor.parameters,
            **{parameter_name(i): value for i, value in enumerate(request_values)},
        }


@lru_cache(maxsize=STATEMENT_CACHE_SIZE)
def compile(plan: Plan) -> Statement:
    """Return the statement of a plan."""
    return Statement(_render(_select(plan)))


@lru_cache(maxsize=64)
def compile_export(entity: EntityInfo, rows: Predicate) -> Statement:
    """Return the statement that returns a line of JSON for each row of an entity within a predicate."""
    return Statement(_render(select_export(entity, rows)))


@lru_cache(maxsize=512)
def compile_condition(predicate: Predicate, table: Table, alias: str) -> str:
    """Return a predicate as SQL text over an alias of a table, with the parameters of `Actor.parameters`."""
    return f"({_render(render_condition(predicate, table.alias(alias)))})"


def _render(element: ClauseElement) -> str:
    # Constants of computed fields are rendered as literals.
    return str(element.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True}))


def _select(plan: Plan) -> Select[Any]:
    match plan:
        case Connection():
            return select_connection(plan, None)
        case Aggregation():
            return select_aggregation(plan, None)
        case RecordById():
            return select_record(plan.node, plan.node.entity.table.alias(), plan.where)
        case RecordsById():
            return _records_by_id(plan)
        case Feed():
            return select_feed(plan)
        case Export():
            return _export(plan)


def _export(plan: Export) -> Select[Any]:
    return select(json_outputs(plan.outputs, lambda _: string_literal(plan.url)).label("value"))


def _records_by_id(plan: RecordsById) -> Select[Any]:
    if not plan.ids.many:
        return select(_record_by_id(plan, bind_param(plan.ids)).label("value"))
    ids = func.unnest(bind_param(plan.ids)).table_valued("id", with_ordinality="position").render_derived()
    records = aggregate_order_by(_record_by_id(plan, ids.c.id), ids.c.position)
    return select(func.coalesce(func.json_agg(records), EMPTY_LIST).label("value")).select_from(ids)


def _record_by_id(plan: RecordsById, identity: ColumnElement[Any]) -> ColumnElement[Any]:
    candidates = [_candidate(scope, node, identity) for scope, node in plan.nodes]
    return func.coalesce(*candidates, NULL, type_=JSON())


def _candidate(scope: Predicate, node: Node, identity: ColumnElement[Any]) -> ColumnElement[Any]:
    table = node.entity.table.alias()
    return select_record(node, table, scope, table.c.id == identity).scalar_subquery()
