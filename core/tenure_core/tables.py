"""Tables: the columns, keys and indexes that follow from a declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    FunctionElement,
    Index,
    PrimaryKeyConstraint,
    TextClause,
    func,
    text,
)

from tenure_core.declaration import Declared, DeclaredField, DeclaredReference, declared_columns
from tenure_core.kinds import ID, STRING
from tenure_core.search import search_column

TableParts = PrimaryKeyConstraint | ForeignKeyConstraint | Index


def columns_of(fields: tuple[DeclaredField, ...]) -> Iterator[Column[Any]]:
    """Yield the columns of an entity's table: the tenant, one per value, and the words of the text search."""
    yield Column("tenant_id", ID.sql_type, nullable=False)
    for field in declared_columns(fields):
        sql_type = (field.kind or STRING).sql_type
        yield Column(field.column, sql_type, nullable=field.nullable, server_default=_server_default(field))
    if searched := [f.column for f in declared_columns(fields) if f.search]:
        yield search_column(searched)


def _server_default(field: Declared) -> FunctionElement[Any] | TextClause | None:
    given: dict[str, FunctionElement[Any] | TextClause] = {
        "id": func.tenure_uuid7(),
        "version": text("1"),
        "created_at": func.now(),
        "updated_at": func.now(),
    }
    if field.column in given:
        return given[field.column]
    if field.default is None:
        return None
    return text("'{}'" if isinstance(field.default, list | dict) else f"'{field.default}'")


def constraints_of(table: str, fields: tuple[DeclaredField, ...], order: str) -> Iterator[TableParts]:
    """Yield the keys and indexes of an entity's table: tenant first in all of them.

    Args:
        table: The table's name.
        fields: The entity's fields.
        order: The field that its lists are ordered by.
    """
    yield PrimaryKeyConstraint("tenant_id", "id")
    for field in fields:
        if isinstance(field, DeclaredReference):
            target = field.target.__tablename__
            yield ForeignKeyConstraint(["tenant_id", field.column], [f"{target}.tenant_id", f"{target}.id"])
            yield _index(table, field.column, order)
        elif isinstance(field, Declared) and field.unique:
            yield from _unique(table, field.column)
        elif isinstance(field, Declared) and field.index:
            yield _index(table, field.column)
    if any(f.search for f in declared_columns(fields)):
        yield Index(f"ix_{table}_search", "search", postgresql_using="gin")


def _index(table: str, *columns: str) -> Index:
    keys = dict.fromkeys(("tenant_id", *(c.lstrip("-") for c in columns), "id"))
    return Index(f"ix_{table}_{columns[0]}", *keys)


def _unique(table: str, column: str) -> Iterator[Index]:
    """Yield the index that keeps living records apart, and the one that finds deleted ones to restore."""
    living, deleted = text("deleted_at IS NULL"), text("deleted_at IS NOT NULL")
    yield Index(f"uq_{table}_{column}", "tenant_id", column, unique=True, postgresql_where=living)
    yield Index(f"ix_{table}_{column}_deleted", "tenant_id", column, postgresql_where=deleted)
