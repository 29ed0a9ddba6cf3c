"""Tables: the columns, keys and indexes that follow from a declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    TextClause,
    func,
    literal_column,
    text,
)
from uuid_utils.compat import uuid7

from tenure_core.entities.fields import (
    ColumnDeclaration,
    FieldDeclaration,
    ReferenceDeclaration,
    list_columns,
)
from tenure_core.entities.scalar_types import ID, STRING
from tenure_core.entities.text_search import search_column

TablePart = PrimaryKeyConstraint | ForeignKeyConstraint | Index | Column[Any]


def table_columns(fields: tuple[FieldDeclaration, ...]) -> Iterator[Column[Any]]:
    """Yield the columns that an entity has in Python: the tenant, and one per value."""
    yield Column("tenant_id", ID.sql_type, nullable=False)
    for field in list_columns(fields):
        sql_type = (field.scalar_type or STRING).sql_type
        default = _server_default(field)
        yield Column(
            field.column, sql_type, nullable=field.nullable, server_default=default, **_in_sessions(field)
        )


def _in_sessions(field: ColumnDeclaration) -> dict[str, Any]:
    """Return what lets SQLAlchemy insert many records in one statement: their ids are known before."""
    return {"default": uuid7, "insert_sentinel": True} if field.column == "id" else {}


def _server_default(field: ColumnDeclaration) -> ColumnElement[Any] | TextClause | None:
    given: dict[str, ColumnElement[Any] | TextClause] = {
        "id": func.tenure_uuid7(),
        "version": text("1"),
        "created_at": func.now(),
        "updated_at": func.now(),
    }
    if field.column in given:
        return given[field.column]
    if field.default is None:
        return None
    said = "{}" if isinstance(field.default, list | dict) else str(field.default)
    return literal_column("'" + said.replace("'", "''") + "'")


def table_constraints(table: str, fields: tuple[FieldDeclaration, ...], order: str) -> Iterator[TablePart]:
    """Yield what else an entity's table has: keys and indexes, tenant first, and the text search's words.

    Args:
        table: The table's name.
        fields: The entity's fields.
        order: The field that its lists are ordered by.
    """
    yield PrimaryKeyConstraint("tenant_id", "id")
    for field in fields:
        if isinstance(field, ReferenceDeclaration):
            target = field.target.__tablename__
            yield ForeignKeyConstraint(["tenant_id", field.column], [f"{target}.tenant_id", f"{target}.id"])
            yield _index(table, field.column, order)
        elif isinstance(field, ColumnDeclaration) and field.unique:
            yield from _unique(table, field.column)
        elif isinstance(field, ColumnDeclaration) and field.index:
            yield _index(table, field.column)
    if searched := [f.column for f in list_columns(fields) if f.search]:
        yield search_column(searched)
        yield Index(f"ix_{table}_search", "search", postgresql_using="gin")


def _index(table: str, *columns: str) -> Index:
    keys = dict.fromkeys(("tenant_id", *(c.lstrip("-") for c in columns), "id"))
    return Index(f"ix_{table}_{columns[0]}", *keys)


def _unique(table: str, column: str) -> Iterator[Index]:
    """Yield the index that keeps living records apart, and the one that finds deleted ones to restore."""
    living, deleted = text("deleted_at IS NULL"), text("deleted_at IS NOT NULL")
    yield Index(f"uq_{table}_{column}", "tenant_id", column, unique=True, postgresql_where=living)
    yield Index(f"ix_{table}_{column}_deleted", "tenant_id", column, postgresql_where=deleted)
