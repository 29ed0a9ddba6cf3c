"""Changes: a page of a record's history as one JSON value, and what a page of the feed shares with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import UserDefinedType

from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, ChangeField, History
from tenure_core.query.plan.nodes import PageInfo, TypeName
from tenure_core.query.sql.conditions import bind_param, tenant_condition
from tenure_core.query.sql.connections import EMPTY_LIST, ONE_GROUP
from tenure_core.query.sql.json_objects import Source, int_literal, json_object, record, string_literal, value

Answers = Mapping[str, ColumnElement[Any]]
"""What a page says about itself, by its names in the API."""


class TransactionId(UserDefinedType[str]):
    """A transaction's id with its epoch, which is never used again."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in PostgreSQL."""
        return "xid8"


CHANGE = table(
    "change",
    column("tenant_id", Uuid()),
    column("seq", BigInteger()),
    column("transaction_id", TransactionId()),
    column("entity", Text()),
    column("record_id", Uuid()),
    column("operation", Text()),
    column("before", JSONB()),
    column("after", JSONB()),
    column("version", Integer()),
    column("actor", Text()),
    column("origin", Text()),
    column("occurred_at", DateTime(timezone=True)),
)


def as_json(
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...], page: FromClause, size: int, answers: Answers
) -> Select[Any]:
    """Return the select of a page of changes as JSON, in a column called value.

    Args:
        outputs: What it holds.
        page: Its rows in order, with a cursor and a position from 1, and the row that comes after it.
        size: How many changes the page has at most.
        answers: What it says about itself.
    """
    source = Source.of(page)
    pairs = [(output.key, _output(output, source, size, answers)) for output in outputs]
    return select(json_object(pairs).label("value")).select_from(source.joined).group_by(ONE_GROUP)


def _output(
    output: ChangeEdges | PageInfo | TypeName, source: Source, size: int, answers: Answers
) -> ColumnElement[Any]:
    match output:
        case ChangeEdges():
            edge = source.add_object([_edge(one, source).label(one.key) for one in output.outputs])
            listed = func.json_agg(edge, type_=JSON()).filter(source.rows.c.position <= int_literal(size))
            return func.coalesce(listed, EMPTY_LIST)
        case PageInfo():
            return json_object(
                (one.key, string_literal(one.name))
                if isinstance(one, TypeName)
                else (one[0], answers[one[1]])
                for one in output.outputs
            )
        case TypeName():
            return string_literal(output.name)


def _edge(output: ChangeField | ChangedRecord | TypeName, source: Source) -> ColumnElement[Any]:
    match output:
        case ChangeField():
            return _value(output.name, source.rows)
        case ChangedRecord():
            return _changed_record(output, source)
        case TypeName():
            return string_literal(output.name)


def _value(name: str, rows: FromClause) -> ColumnElement[Any]:
    match name:
        case "id":
            return rows.c.record_id
        case "transactionId":
            return cast(rows.c.transaction_id, Text())
        case "occurredAt":
            return rows.c.occurred_at
        case "changedFields":
            names = select(func.jsonb_object_keys(func.coalesce(rows.c.after, rows.c.before)))
            return func.array(names.correlate(rows).scalar_subquery())
    return rows.c[name]


def _changed_record(output: ChangedRecord, source: Source) -> ColumnElement[Any]:
    found = []
    for scope, node in output.nodes:
        target = node.entity.table.alias()
        is_it = (
            source.rows.c.entity == string_literal(node.entity.name),
            target.c.id == source.rows.c.record_id,
        )
        found.append(source.attach(record(node, target, scope, *is_it)).c.value)
    return func.coalesce(*found, literal_column("null::json"))


@value.register
def _(output: History, source: Source) -> ColumnElement[Any]:
    page = _history_page(output, source.rows)
    shown = page.c.position <= int_literal(output.size)
    answers: Answers = {
        "hasNextPage": func.count() > int_literal(output.size),
        "hasPreviousPage": false(),
        "startCursor": cast(func.max(page.c.seq), Text()),
        "endCursor": cast(func.min(page.c.seq).filter(shown), Text()),
    }
    return source.attach(as_json(output.outputs, page, output.size, answers)).c.value


def _history_page(output: History, record_rows: FromClause) -> FromClause:
    change = CHANGE.alias()
    newest_first = change.c.seq.desc()
    found = select(
        change,
        cast(change.c.seq, Text()).label("cursor"),
        func.row_number().over(order_by=newest_first).label("position"),
    ).where(
        tenant_condition(change),
        change.c.entity == string_literal(output.entity.name),
        change.c.record_id == record_rows.c.id,
    )
    if output.after is not None:
        found = found.where(change.c.seq < bind_param(output.after))
    return found.order_by(newest_first).limit(int_literal(output.size + 1)).correlate(record_rows).subquery()
