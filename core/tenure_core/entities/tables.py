"""Columns, keys and indexes of the tables of declared entities."""

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
from tenure_core.entities.text_search import build_search_column

TablePart = PrimaryKeyConstraint | ForeignKeyConstraint | Index | Column[Any]


def table_columns(fields: tuple[FieldDeclaration, ...]) -> Iterator[Column[Any]]:
    """Yield the columns of an entity: `tenant_id`, and those of its fields."""
    yield Column("tenant_id", ID.sql_type, nullable=False)
    for field in list_columns(fields):
        yield Column(
            field.column,
            (field.scalar_type or STRING).sql_type,
            nullable=field.nullable,
            server_default=_build_server_default(field),
            **_session_options(field),
        )


def _session_options(field: ColumnDeclaration) -> dict[str, Any]:
    """Return the options with which a session knows new ids in advance and inserts records in batches."""
    return {"default": uuid7, "insert_sentinel": True} if field.column == "id" else {}


def _build_server_default(field: ColumnDeclaration) -> ColumnElement[Any] | TextClause | None:
    system_defaults: dict[str, ColumnElement[Any] | TextClause] = {
        "id": func.tenure_uuid7(),
        "version": text("1"),
        "created_at": func.now(),
        "updated_at": func.now(),
    }
    if field.column in system_defaults:
        return system_defaults[field.column]
    if field.default is None:
        return None
    default = "{}" if isinstance(field.default, list | dict) else str(field.default)
    return literal_column("'" + default.replace("'", "''") + "'")


def table_constraints(table: str, fields: tuple[FieldDeclaration, ...], order: str) -> Iterator[TablePart]:
    """Yield the keys and indexes of an entity's table, with the tenant first, and its search column.

    Args:
        table: Name of the table.
        fields: Fields of the entity.
        order: Default sort field of the entity's lists.
    """
    yield PrimaryKeyConstraint("tenant_id", "id")
    for field in fields:
        if isinstance(field, ReferenceDeclaration):
            target = field.target.__tablename__
            yield ForeignKeyConstraint(["tenant_id", field.column], [f"{target}.tenant_id", f"{target}.id"])
            yield _build_index(table, field.column, order)
        elif isinstance(field, ColumnDeclaration) and field.unique:
            yield from _build_unique_indexes(table, field.column)
        elif isinstance(field, ColumnDeclaration) and field.index:
            yield _build_index(table, field.column)
    if search_columns := [f.column for f in list_columns(fields) if f.search]:
        yield build_search_column(search_columns)
        yield Index(f"ix_{table}_search", "search", postgresql_using="gin")


def _build_index(table: str, *columns: str) -> Index:
    keys = dict.fromkeys(("tenant_id", *(c.lstrip("-") for c in columns), "id"))
    return Index(f"ix_{table}_{columns[0]}", *keys)


def _build_unique_indexes(table: str, column: str) -> Iterator[Index]:
    """Yield the unique index of records that are not deleted, and the index that finds deleted ones."""
    not_deleted, deleted = text("deleted_at IS NULL"), text("deleted_at IS NOT NULL")
    yield Index(f"uq_{table}_{column}", "tenant_id", column, unique=True, postgresql_where=not_deleted)
    yield Index(f"ix_{table}_{column}_deleted", "tenant_id", column, postgresql_where=deleted)
