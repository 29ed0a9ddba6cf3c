"""Plans the page of a list: its order, its size, and its cursors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tenure_core.access.visibility import visible_target
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.field_paths import FieldPath, sort_paths
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.cursors import cursor_shape
from tenure_core.query.plan.nodes import OrderKey, Page, Position
from tenure_core.query.plan.sizes import PAGE_SIZE

if TYPE_CHECKING:
    from tenure_core.query.plan.records import RecordPlanner

Arguments = Mapping[str, object]


def plan_page(records: RecordPlanner, entity: EntityInfo, arguments: Arguments, path: str) -> Page:
    """Return the page that the arguments of a list select.

    Args:
        records: The planner of the root field.
        entity: The entity of the list.
        arguments: The arguments `first`, `after`, `last`, `before` and `orderBy`.
        path: The path of the list, for error messages.

    Raises:
        BadUserInputError: The size is out of range, both directions are given, or a cursor is invalid.
        ForbiddenError: The caller cannot read a value of the order.
    """
    first, last = (records.binder.constant(arguments.get(name)) for name in ("first", "last"))
    if first is not None and last is not None:
        raise BadUserInputError(f"{path} has both first and last.", "Give one of the two.")
    backward = last is not None
    size = PAGE_SIZE.parse(last if backward else first, f"{path}.{'last' if backward else 'first'}")
    page = Page(_plan_order(records, entity, arguments.get("orderBy")), size, backward, None, None)
    after, before = (
        _plan_position(records.binder, page, arguments.get(name), f"{path}.{name}")
        for name in ("after", "before")
    )
    return replace(page, after=after, before=before)


def _plan_order(records: RecordPlanner, entity: EntityInfo, order_by: object) -> tuple[OrderKey, ...]:
    """Return the keys of an order; the id is the last one, so that the order is total."""
    paths = sort_paths(entity, records.catalog)
    keys: dict[FieldPath, OrderKey] = {}
    for item in cast(list[Arguments], order_by or []):
        path = paths[str(records.binder.constant(item["field"]))]
        keys.setdefault(path, _plan_key(records, path, item))
    if not keys:
        path = next(p for p in paths.values() if p.names == (entity.order,))
        keys[path] = OrderKey(path, entity.descending, False)
    return _end_with_id(tuple(keys.values()), paths["ID"])


def _plan_key(records: RecordPlanner, path: FieldPath, item: Arguments) -> OrderKey:
    records.grants.require_path(path, records.catalog)
    descending = records.binder.constant(item.get("direction")) == "DESC"
    nulls_first = path.nullable and records.binder.constant(item.get("nulls")) == "FIRST"
    return OrderKey(path, descending, nulls_first, visible_target(path, records.catalog, records.grants))


def _plan_position(binder: Binder, page: Page, cursor: object, path: str) -> Position | None:
    if cursor is None:
        return None
    signature, *nulls = cast(tuple[object, ...], binder.shape_value(cursor, cursor_shape)) or (None,)
    if signature is None or any(n and not k.path.nullable for n, k in zip(nulls, page.order, strict=False)):
        raise BadUserInputError(
            f"{path} is not a cursor.",
            "Use the endCursor or startCursor of a page, or the cursor of an edge.",
        )
    if signature != page.signature or len(nulls) != len(page.order):
        raise BadUserInputError(
            f"{path} is a cursor of a different order.", "Use the same orderBy for all pages of a list."
        )
    params = [
        None if is_null else binder.add(key.path.field.scalar_type, cursor, path, part=part)
        for part, (is_null, key) in enumerate(zip(nulls, page.order, strict=True), start=1)
    ]
    return Position(tuple(params))


def _end_with_id(keys: tuple[OrderKey, ...], id_path: FieldPath) -> tuple[OrderKey, ...]:
    for count, key in enumerate(keys, start=1):
        if key.path == id_path:
            return keys[:count]
    return (*keys, OrderKey(id_path, keys[-1].descending, False))
