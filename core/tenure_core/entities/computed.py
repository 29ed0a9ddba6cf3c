"""Declarations of computed fields: values that PostgreSQL or the code of a plugin computes from a record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause

from tenure_core.entities.scalar_types import ScalarType

if TYPE_CHECKING:
    from tenure_core.entities.declaration import Entity

Compute = Callable[[Any, Sequence[Mapping[str, Any]]], Awaitable[Sequence[object]]]
"""Computes a batch of values: from a plugin's `Context` and the required columns of each record to one value
per record. The context is `Any` because declarations do not depend on the plugin host."""


@dataclass(frozen=True, kw_only=True)
class ComputedColumn:
    """A field that PostgreSQL computes: read, filtered, ordered, grouped and summed like a stored one.

    Args:
        entity: The entity that gets the field: the plugin's own, the core's, or one of a required plugin.
        name: Its name in Python, such as "running_hours"; the API calls it "runningHours".
        kind: The kind of its values. They may always be empty.
        doc: What it is, as one sentence, with its unit.
        expression: From the row's table, whose columns stand under `.c`, to the value. A subselect in it must
            name the row's tenant: `Order.tenant_id == row.c.tenant_id`. It may fail for no row, for the
            question would fail with it: divide by `func.nullif(hours, 0)`.
    """

    entity: type[Entity]
    name: str
    scalar_type: ScalarType
    doc: str
    expression: Callable[[FromClause], ColumnElement[Any]]


@dataclass(frozen=True, kw_only=True)
class BatchField:
    """A field that a plugin's code computes, for all records of an answer at once.

    Args:
        entity: The entity that gets the field.
        name: Its name in Python; the API calls it by the same name in camelCase.
        kind: The kind of its values. They may always be empty: a computation that fails leaves null.
        doc: What it is, as one sentence, with its unit.
        needs: What the computation needs of a record, by attribute: ("id", "installed_on"), a reference as
            "account_id", a part of a composite as "price_currency", and computed columns by their names.
        compute: From a context and the needed values of each record, as JSON values by attribute, to a value
            for each record, in their order.
    """

    entity: type[Entity]
    name: str
    scalar_type: ScalarType
    doc: str
    required_columns: tuple[str, ...]
    compute: Compute
