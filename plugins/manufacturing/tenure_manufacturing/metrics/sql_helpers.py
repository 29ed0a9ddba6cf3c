"""Tables of the pack as computed fields name them, each under one name of its own beside the row's."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.parts import PartUse
from tenure_manufacturing.entities.work_orders import WorkOrder

MACHINE = Equipment.__table__.alias("machine")
ORDER = WorkOrder.__table__.alias("work")
CONTRACT = ServiceContract.__table__.alias("contract")
USE = PartUse.__table__.alias("part_taken")


def same_tenant_alive(row: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Return that a record lives, in the tenant of another."""
    return and_(row.c.tenant_id == other.c.tenant_id, row.c.deleted_at.is_(None))


def joins(row: FromClause, reference: str, target: FromClause) -> ColumnElement[bool]:
    """Return that a row refers to a record.

    Args:
        row: The row.
        reference: The column of the reference, such as "equipment_id".
        target: The table of the record.
    """
    return and_(row.c.tenant_id == target.c.tenant_id, row.c[reference] == target.c.id)
