"""Row visibility: the only code that determines which rows of an entity a caller can see.

The predicate of `visible` combines the grant to read, the row rule of the grant and soft deletion. A row
rule, such as "sales representatives see only their own accounts", is the value of `EntityGrant.rows`, which
`access.grants.entity_grants` creates. All code that reads, follows, locks, exports or streams rows of an
entity adds the predicate to its statement.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenure_core.access.grants import Grants
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.field_paths import FieldPath
from tenure_core.catalog.predicates import NO_ROWS, IsNull, Predicate, all_of

VisibleRows = tuple[tuple[EntityInfo, Predicate], ...]
"""Entities, each with the predicate of its visible rows."""


def visible(
    entity: EntityInfo, grants: Grants, *, include_deleted: bool = False, needs_read: bool = True
) -> Predicate:
    """Return the predicate of the rows of an entity that a caller can see.

    Args:
        entity: The entity.
        grants: The caller's grants.
        include_deleted: Whether soft-deleted rows are included, as for restoring them or for a filter on
            `deletedAt`.
        needs_read: Whether no row is visible without the grant to read the entity. If not, only the row rule
            applies: a role may refer to records that it cannot read, and plugin code decides itself whether
            its caller needs the grant (`Context.require_read`).
    """
    rows = grants.rows(entity) if grants.may_read(entity) or not needs_read else NO_ROWS
    return rows if include_deleted else all_of(IsNull((entity.table.c.deleted_at,), True), rows)


def visible_rows(
    entities: Iterable[EntityInfo], grants: Grants, *, include_deleted: bool = False
) -> VisibleRows:
    """Return entities, each with `visible(entity, grants)`."""
    return tuple((entity, visible(entity, grants, include_deleted=include_deleted)) for entity in entities)


def visible_target(path: FieldPath, catalog: Catalog, grants: Grants) -> Predicate | None:
    """Return the predicate of the rows that a path's reference leads to; None without a reference."""
    return None if path.reference is None else visible(catalog[path.reference.target], grants)
