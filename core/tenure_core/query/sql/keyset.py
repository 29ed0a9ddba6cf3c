"""Orders: keys as SQL, and what lies beyond a position in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, cast, func, literal_column, or_, tuple_

from tenure_core.entities.scalar_types import TEXT
from tenure_core.query.plan.nodes import OrderKey, Position
from tenure_core.query.plan.predicates import Param
from tenure_core.query.sql.columns import path_value
from tenure_core.query.sql.conditions import Condition, bind_param


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order as SQL.

    Args:
        value: What is compared.
        nullable: Whether it may be empty.
        descending: Whether the largest comes first.
        nulls_first: Whether empty ones come before all others.
    """

    value: ColumnElement[Any]
    nullable: bool
    descending: bool
    nulls_first: bool

    def reversed(self) -> SortKey:
        """Return the key of the opposite order."""
        return SortKey(self.value, self.nullable, not self.descending, not self.nulls_first)

    def sorted(self) -> ColumnElement[Any]:
        """Return the key as ORDER BY takes it: silent on nulls where there are none, so an index fits."""
        directed = self.value.desc() if self.descending else self.value.asc()
        if not self.nullable:
            return directed
        return directed.nulls_first() if self.nulls_first else directed.nulls_last()


def sort_key(key: OrderKey, source: FromClause) -> SortKey:
    """Return an order's key as a key over one source of rows."""
    return SortKey(path_value(key.path, source), key.path.nullable, key.descending, key.nulls_first)


def after_cursor(keys: Sequence[SortKey], position: Position) -> Condition:
    """Return the condition that a row comes after a position in an order, exclusive."""
    if _comparable_as_row(keys):
        values = tuple_(*(k.value for k in keys))
        wanted = tuple_(*(bind_param(p) for p in position.keys if p is not None))
        return values < wanted if keys[0].descending else values > wanted
    alternatives = []
    for count, (key, param) in enumerate(zip(keys, position.keys, strict=True)):
        equal = [_equal(k, p) for k, p in zip(keys[:count], position.keys[:count], strict=True)]
        alternatives.append(and_(*equal, _after(key, param)))
    return and_(_bound(keys[0], position.keys[0]), or_(*alternatives))


def _comparable_as_row(keys: Sequence[SortKey]) -> bool:
    return not any(k.nullable for k in keys) and len({k.descending for k in keys}) == 1


def _bound(key: SortKey, param: Param | None) -> Condition:
    """The part of the condition that an index on the first key can start from."""
    return or_(_after(key, param), _equal(key, param)) if key.nullable or param is None else _from(key, param)


def _from(key: SortKey, param: Param) -> Condition:
    return key.value <= bind_param(param) if key.descending else key.value >= bind_param(param)


def _after(key: SortKey, param: Param | None) -> Condition:
    if param is None:
        return key.value.is_not(None) if key.nulls_first else literal_column("false")
    later = key.value < bind_param(param) if key.descending else key.value > bind_param(param)
    return or_(later, key.value.is_(None)) if key.nullable and not key.nulls_first else later


def _equal(key: SortKey, param: Param | None) -> Condition:
    return key.value.is_(None) if param is None else key.value == bind_param(param)


def cursor(keys: Sequence[SortKey], signature: str) -> ColumnElement[Any]:
    """Return a row's cursor: the order's signature and the keys as JSON, in URL-safe base64 (RFC 4648)."""
    values = func.json_build_array(literal_column(f"'{signature}'"), *(k.value for k in keys))
    encoded = func.encode(
        func.convert_to(cast(values, TEXT), literal_column("'UTF8'")), literal_column("'base64'")
    )
    return func.translate(encoded, literal_column("'+/' || chr(10)"), literal_column("'-_'"))
