"""Joins the records that sort keys and group keys reach through a reference."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import FromClause

from tenure_core.query.plan.nodes import GroupKey, OrderKey
from tenure_core.query.sql.conditions import related_condition


def join_references(
    table: FromClause, keys: Iterable[OrderKey | GroupKey]
) -> tuple[FromClause, list[FromClause]]:
    """Join the visible record behind each reference of the keys' paths, once per reference.

    Returns:
        The joined rows, and for each key the rows that contain its value.
    """
    source, joined = table, dict[str, FromClause]()
    rows = []
    for key in keys:
        reference = key.path.reference
        if reference is None or key.scope is None:
            rows.append(table)
            continue
        if reference.name not in joined:
            target = joined[reference.name] = key.path.field.column.table.alias()
            source = source.outerjoin(target, related_condition(reference, table, target, key.scope))
        rows.append(joined[reference.name])
    return source, rows
