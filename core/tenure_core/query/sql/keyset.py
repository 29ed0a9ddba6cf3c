"""Keyset pagination: sort keys, cursors and the condition that a row comes after a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, cast, func, literal_column, or_, tuple_

from tenure_core.catalog.predicates import Param
from tenure_core.entities.scalar_types import TEXT
from tenure_core.query.plan.nodes import OrderKey, Position
from tenure_core.query.sql.columns import path_value
from tenure_core.query.sql.conditions import Condition, bind_param


@dataclass(frozen=True, slots=True)
class SortKey:
    """A sort key as SQL.

    Args:
        value: The compared value.
        nullable: Whether the value may be null.
        descending: Whether the largest value comes first.
        nulls_first: Whether nulls come before all values.
    """

    value: ColumnElement[Any]
    nullable: bool
    descending: bool
    nulls_first: bool

    def reverse(self) -> SortKey:
        """Return the key of the opposite order."""
        return SortKey(self.value, self.nullable, not self.descending, not self.nulls_first)

    def order_by(self) -> ColumnElement[Any]:
        """Return the key for ORDER BY. Without nulls, NULLS FIRST is omitted, so that an index fits."""
        directed = self.value.desc() if self.descending else self.value.asc()
        if not self.nullable:
            return directed
        return directed.nulls_first() if self.nulls_first else directed.nulls_last()


def build_sort_key(key: OrderKey, rows: FromClause) -> SortKey:
    """Return a planned sort key over the rows that contain its value."""
    return SortKey(path_value(key.path, rows), key.path.nullable, key.descending, key.nulls_first)


def after_cursor(keys: Sequence[SortKey], position: Position) -> Condition:
    """Return the condition that a row comes after a position in an order, exclusive."""
    if _is_row_comparable(keys):
        values = tuple_(*(k.value for k in keys))
        bounds = tuple_(*(bind_param(p) for p in position.keys if p is not None))
        return values < bounds if keys[0].descending else values > bounds
    alternatives = []
    for count, (key, param) in enumerate(zip(keys, position.keys, strict=True)):
        equal = [_is_equal(k, p) for k, p in zip(keys[:count], position.keys[:count], strict=True)]
        alternatives.append(and_(*equal, _is_after(key, param)))
    return and_(_is_at_or_after(keys[0], position.keys[0]), or_(*alternatives))


def _is_row_comparable(keys: Sequence[SortKey]) -> bool:
    return not any(k.nullable for k in keys) and len({k.descending for k in keys}) == 1


def _is_at_or_after(key: SortKey, param: Param | None) -> Condition:
    """Return the part of the condition that an index on the first key can use as its start."""
    if key.nullable or param is None:
        return or_(_is_after(key, param), _is_equal(key, param))
    return key.value <= bind_param(param) if key.descending else key.value >= bind_param(param)


def _is_after(key: SortKey, param: Param | None) -> Condition:
    if param is None:
        return key.value.is_not(None) if key.nulls_first else literal_column("false")
    after = key.value < bind_param(param) if key.descending else key.value > bind_param(param)
    return or_(after, key.value.is_(None)) if key.nullable and not key.nulls_first else after


def _is_equal(key: SortKey, param: Param | None) -> Condition:
    return key.value.is_(None) if param is None else key.value == bind_param(param)


def render_cursor(keys: Sequence[SortKey], signature: str) -> ColumnElement[Any]:
    """Return a row's cursor: the order's signature and the keys as JSON, in URL-safe base64 (RFC 4648)."""
    values = func.json_build_array(literal_column(f"'{signature}'"), *(k.value for k in keys))
    encoded = func.encode(
        func.convert_to(cast(values, TEXT), literal_column("'UTF8'")), literal_column("'base64'")
    )
    return func.translate(encoded, literal_column("'+/' || chr(10)"), literal_column("'-_'"))
