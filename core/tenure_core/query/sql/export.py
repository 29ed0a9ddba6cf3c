"""Renders the records of an entity as lines of JSON, in the format of the change feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import JSON

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.change_operation import capture_template
from tenure_core.catalog.predicates import Predicate
from tenure_core.query.plan.nodes import CompositeValue, Node, Value
from tenure_core.query.sql.conditions import render_condition, tenant_condition
from tenure_core.query.sql.json_objects import Source, string_literal


def select_export(entity: EntityInfo, rows: Predicate) -> Select[Any]:
    """Return the select of an entity's records in the order of creation, each as JSON in a column named line.

    Args:
        entity: The entity.
        rows: The exported rows; see `tenure_core.access.visibility`.
    """
    table = entity.table.alias()
    source = Source.of(table)
    data = func.row_to_json(source.add_node(Node(entity, tuple(_outputs(entity)))), type_=JSON())
    columns = [
        string_literal(entity.name).label("entity"),
        table.c.id.label("id"),
        table.c.version.label("version"),
        data.label("data"),
    ]
    line = func.row_to_json(source.add_object(columns), type_=JSON()).label("line")
    where = tenant_condition(table), render_condition(rows, table)
    return select(line).select_from(source.joined).where(*where).order_by(table.c.id)


def _outputs(entity: EntityInfo) -> Iterator[Value | CompositeValue]:
    columns = entity.table.c
    for name, template in capture_template(entity).items():
        if isinstance(template, str):
            yield Value(name, columns[template])
        else:
            parts = tuple(Value(part, columns[column]) for part, column in template.items())
            yield CompositeValue(name, tuple(part.column for part in parts), parts)
