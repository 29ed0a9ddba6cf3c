"""Tables of the pack, as statements name them, each time under a name of its own."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_

from tenure_sdk import Entity


def table_of(entity: type[Entity]) -> FromClause:
    """Return an entity's table under a name of its own."""
    return entity.__table__.alias()


def alive_with(row: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Return that a record lives, in the tenant of another."""
    return and_(row.c.tenant_id == other.c.tenant_id, row.c.deleted_at.is_(None))


def referred(row: FromClause, reference: str, target: FromClause) -> ColumnElement[bool]:
    """Return that a row refers to a record.

    Args:
        row: The row.
        reference: The column of the reference, such as "equipment_id".
        target: The table of the record.
    """
    return and_(row.c.tenant_id == target.c.tenant_id, row.c[reference] == target.c.id)
