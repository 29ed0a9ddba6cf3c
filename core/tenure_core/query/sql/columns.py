"""Columns: a field's value over a source of rows, stored or computed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, case

from tenure_core.catalog.computed_fields import AnyColumn, Expression
from tenure_core.catalog.field_paths import FieldPath


def value_of(column: AnyColumn, rows: FromClause) -> ColumnElement[Any]:
    """Return a column's value: computed, where the rows do not hold it."""
    if isinstance(column, Expression) and column.name not in rows.c:
        return column.render(rows)
    return rows.c[column.name]


def labeled_column(column: AnyColumn, rows: FromClause) -> ColumnElement[Any]:
    """Return a column's value under the column's name."""
    found = value_of(column, rows)
    return found.label(column.name) if isinstance(column, Expression) else found


def path_value(path: FieldPath, rows: FromClause) -> ColumnElement[Any]:
    """Return the value at the end of a path; empty where its reference leads to no row."""
    found = value_of(path.field.column, rows)
    if path.reference is None or not isinstance(path.field.column, Expression):
        return found
    return case((rows.c.id.is_not(None), found))
