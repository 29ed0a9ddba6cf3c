"""Table aliases and join conditions for the SQL expressions of computed fields.

The aliases differ from the table names, because the outer query can contain the same tables.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.parts import PartUse
from tenure_manufacturing.entities.work_orders import WorkOrder

EQUIPMENT = Equipment.__table__.alias("equipment_alias")
WORK_ORDER = WorkOrder.__table__.alias("work_order_alias")
CONTRACT = ServiceContract.__table__.alias("contract_alias")
PART_USE = PartUse.__table__.alias("part_use_alias")


def not_deleted_in_tenant_of(row: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is not deleted and belongs to the tenant of another row."""
    return and_(row.c.tenant_id == other.c.tenant_id, row.c.deleted_at.is_(None))


def join_condition(row: FromClause, reference: str, target: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row refers to a target row.

    Args:
        row: The referring row.
        reference: Its reference column, such as "equipment_id".
        target: The referenced row.
    """
    return and_(row.c.tenant_id == target.c.tenant_id, row.c[reference] == target.c.id)
