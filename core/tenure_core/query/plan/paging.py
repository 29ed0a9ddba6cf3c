"""Paging: from `first`, `after`, `last`, `before` and `orderBy` to a page, and cursors to positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tenure_core.access.grants import Grants
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.field_paths import FieldPath, sort_paths
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.cursors import cursor_shape
from tenure_core.query.plan.nodes import OrderKey, Page, Position
from tenure_core.query.request import constant, shape_value

DEFAULT_PAGE = 20
MAX_PAGE = 100

Arguments = Mapping[str, object]


def page_of(
    entity: EntityInfo, catalog: Catalog, grants: Grants, arguments: Arguments, binder: Binder, path: str
) -> Page:
    """Return the page that a list's arguments ask for.

    Args:
        entity: Whose list.
        catalog: Where the paths of `orderBy` lead.
        grants: What of it may be read.
        arguments: The list's arguments.
        binder: Where the values of cursors go.
        path: The list's name, for messages.

    Raises:
        BadUserInputError: A size is out of range, both directions are asked for, or a cursor is wrong.
        ForbiddenError: It is ordered by what may not be read.
    """
    first, last = constant(arguments.get("first")), constant(arguments.get("last"))
    if first is not None and last is not None:
        raise BadUserInputError(f"{path} asks for first and last at once.", "Give one of the two.")
    size = _size(last if first is None else first, path, "first" if last is None else "last")
    order = order_of(entity, catalog, arguments.get("orderBy"))
    for key in order:
        grants.require_path(key.path, catalog)
    page = Page(order, size, last is not None, None, None)
    after = _position(page, arguments.get("after"), binder, f"{path}.after")
    before = _position(page, arguments.get("before"), binder, f"{path}.before")
    return Page(order, size, last is not None, after, before)


def _size(value: object, path: str, name: str) -> int:
    if value is None:
        return DEFAULT_PAGE
    if not isinstance(value, int) or not 0 <= value <= MAX_PAGE:
        raise BadUserInputError(f"{path}.{name} is {value}.", f"A page holds 0 to {MAX_PAGE} records.")
    return value


def order_of(entity: EntityInfo, catalog: Catalog, order_by: object) -> tuple[OrderKey, ...]:
    """Return the keys of an order; the id ends it, so that no two records are equal in it."""
    known = sort_paths(entity, catalog)
    keys: dict[FieldPath, OrderKey] = {}
    for item in cast(list[Arguments], order_by or []):
        path = known[str(constant(item["field"]))]
        keys.setdefault(path, _order_key(path, item))
    if not keys:
        path = next(p for p in known.values() if p.names == (entity.order,))
        keys[path] = OrderKey(path, entity.descending, False)
    return _until_id(tuple(keys.values()), known["ID"])


def _order_key(path: FieldPath, item: Arguments) -> OrderKey:
    descending = constant(item.get("direction")) == "DESC"
    return OrderKey(path, descending, path.nullable and constant(item.get("nulls")) == "FIRST")


def _until_id(keys: tuple[OrderKey, ...], identity: FieldPath) -> tuple[OrderKey, ...]:
    for count, key in enumerate(keys, start=1):
        if key.path == identity:
            return keys[:count]
    return (*keys, OrderKey(identity, keys[-1].descending, False))


def _position(page: Page, cursor: object, binder: Binder, path: str) -> Position | None:
    if cursor is None:
        return None
    signature, *empty = cast(tuple[object, ...], shape_value(cursor, cursor_shape)) or (None,)
    keys = page.order
    if signature is None or any(e and not k.path.nullable for e, k in zip(empty, keys, strict=False)):
        raise BadUserInputError(
            f"{path} is no cursor.", "Send one that endCursor, startCursor or an edge gave you."
        )
    if signature != page.signature or len(empty) != len(page.order):
        raise BadUserInputError(
            f"{path} is a cursor of another order.", "Page on with the orderBy that it came from."
        )
    params = [
        None if empty[place] else binder.add(key.path.field.scalar_type, cursor, path, part=place + 1)
        for place, key in enumerate(page.order)
    ]
    return Position(tuple(params))
