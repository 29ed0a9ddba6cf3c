"""Exports: every living record of an entity as a line of JSON, in the form in which changes have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import JSON

from tenure_core.catalog.catalog import CompositeField, EntityInfo, ScalarField
from tenure_core.query.plan.nodes import CompositeValue, Node, Value
from tenure_core.query.sql.conditions import tenant_condition
from tenure_core.query.sql.json_objects import Source, string_literal


def export_select(entity: EntityInfo) -> Select[Any]:
    """Return the select of an entity's living records, each as JSON in a column called line.

    They come in the order of their ids, which is that of their creation.
    """
    table = entity.table.alias()
    source = Source.of(table)
    data = func.row_to_json(source.node(Node(entity, tuple(_data(entity)))), type_=JSON())
    columns = [
        string_literal(entity.name).label("entity"),
        table.c.id.label("id"),
        table.c.version.label("version"),
        data.label("data"),
    ]
    line = func.row_to_json(source.add_object(columns), type_=JSON()).label("line")
    living = tenant_condition(table), table.c.deleted_at.is_(None)
    return select(line).select_from(source.joined).where(*living).order_by(table.c.id)


def _data(entity: EntityInfo) -> Iterator[Value | CompositeValue]:
    declared = set(entity.declared_scalars)
    for field in entity.fields.values():
        if isinstance(field, ScalarField) and field in declared:
            yield Value(field.name, field.column)
        elif isinstance(field, CompositeField):
            columns = {part.name: part.column for part in field.parts.values()}
            parts = tuple(Value(name, column) for name, column in columns.items())
            yield CompositeValue(field.name, tuple(columns.values()), parts)
    for reference in entity.references:
        yield CompositeValue(reference.name, (reference.column,), (Value("id", reference.column),))
