"""Values of fields over a source of rows, stored in a column or computed by an expression."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, case

from tenure_core.catalog.computed_fields import AnyColumn, Expression
from tenure_core.catalog.field_paths import FieldPath


def value_of(column: AnyColumn, rows: FromClause) -> ColumnElement[Any]:
    """Return a column's value. An expression is rendered unless the rows already contain its value."""
    if isinstance(column, Expression) and column.name not in rows.c:
        return column.render(rows)
    return rows.c[column.name]


def labeled_column(column: AnyColumn, rows: FromClause) -> ColumnElement[Any]:
    """Return a column's value, labeled with the column's name."""
    value = value_of(column, rows)
    return value.label(column.name) if isinstance(column, Expression) else value


def path_value(path: FieldPath, rows: FromClause) -> ColumnElement[Any]:
    """Return the value at the end of a path; null if the path's reference leads to no visible row."""
    value = value_of(path.field.column, rows)
    if path.reference is None or not isinstance(path.field.column, Expression):
        return value
    return case((rows.c.id.is_not(None), value))
