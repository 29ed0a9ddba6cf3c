"""Renders a page of changes as one JSON value, for the change feed and for the history of a record."""

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
    func,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import UserDefinedType

from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges
from tenure_core.query.plan.nodes import NamedField, PageInfo, TypeName
from tenure_core.query.sql.json_objects import (
    EMPTY_LIST,
    NULL,
    SINGLE_GROUP,
    Source,
    int_literal,
    json_object,
    json_outputs,
    select_record,
    string_literal,
)

PageInfoValues = Mapping[str, ColumnElement[Any]]
"""The values of a page's `pageInfo`, by API name."""


class PostgresType(UserDefinedType[str]):
    """A type of PostgreSQL that SQLAlchemy does not know.

    Args:
        name: The name of the type.
    """

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type in PostgreSQL."""
        return self.name


TRANSACTION_ID = PostgresType("xid8")
"""A transaction id that is never reused."""

CHANGE = table(
    "change",
    column("tenant_id", Uuid()),
    column("seq", BigInteger()),
    column("transaction_id", TRANSACTION_ID),
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


def select_change_page(
    changes: FromClause, cursor: ColumnElement[Any], order: ColumnElement[Any], size: int
) -> Select[Any]:
    """Return the select of the first changes in an order, with `cursor` and `position`, and of one more."""
    position = func.row_number().over(order_by=order).label("position")
    page = select(changes, cursor.label("cursor"), position)
    return page.order_by(order).limit(int_literal(size + 1))


def render_page(
    outputs: tuple[ChangeEdges | PageInfo | TypeName, ...],
    page: FromClause,
    size: int,
    page_info: PageInfoValues,
) -> Select[Any]:
    """Return the select of a page of changes as JSON, in a column named value.

    Args:
        outputs: The selected fields of the page.
        page: The rows of `select_change_page`.
        size: Maximum number of changes on the page.
        page_info: The values of `pageInfo`.
    """
    source = Source.of(page)
    pairs = [(output.key, _output(output, source, size, page_info)) for output in outputs]
    return select(json_object(pairs).label("value")).select_from(source.joined).group_by(SINGLE_GROUP)


def _output(
    output: ChangeEdges | PageInfo | TypeName, source: Source, size: int, page_info: PageInfoValues
) -> ColumnElement[Any]:
    match output:
        case ChangeEdges():
            edge = source.add_object([_edge_value(item, source).label(item.key) for item in output.outputs])
            edges = func.json_agg(edge, type_=JSON()).filter(source.rows.c.position <= int_literal(size))
            return func.coalesce(edges, EMPTY_LIST)
        case PageInfo():
            return json_outputs(output.outputs, lambda field: page_info[field.name])
        case TypeName():
            return string_literal(output.name)


def _edge_value(output: NamedField | ChangedRecord | TypeName, source: Source) -> ColumnElement[Any]:
    match output:
        case NamedField():
            return _change_value(output.name, source.rows)
        case ChangedRecord():
            return _changed_record(output, source)
        case TypeName():
            return string_literal(output.name)


def _change_value(name: str, rows: FromClause) -> ColumnElement[Any]:
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
    records = []
    for scope, node in output.nodes:
        target = node.entity.table.alias()
        is_changed_record = (
            source.rows.c.entity == string_literal(node.entity.name),
            target.c.id == source.rows.c.record_id,
        )
        records.append(source.attach(select_record(node, target, scope, *is_changed_record)).c.value)
    return func.coalesce(*records, NULL)
