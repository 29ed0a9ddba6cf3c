"""Declarations of computed fields, which PostgreSQL or the code of a plugin computes from a record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause

from tenure_core.entities.scalar_types import ScalarType

if TYPE_CHECKING:
    from tenure_core.entities.declaration import Entity

Compute = Callable[[Any, Sequence[Mapping[str, Any]]], Awaitable[Sequence[object]]]
"""Computes one value for each record of a batch, from the plugin's `Context` and the required columns of each
record. The context is `Any`, because declarations do not depend on the plugin host."""


@dataclass(frozen=True, kw_only=True)
class ComputedColumn:
    """A field that PostgreSQL computes. Clients can filter, sort, group and aggregate by it.

    Args:
        entity: Entity that gets the field: of the plugin itself, of core, or of a required plugin.
        name: Name in Python, such as "running_hours"; the API name is the camelCase form, "runningHours".
        scalar_type: Type of the values. The field is always nullable.
        doc: Description in the API, one sentence, with the unit.
        expression: Returns the SQL expression for a row of the entity's table, whose columns are attributes
            of `.c`. A subselect in it must compare the tenant: `Order.tenant_id == row.c.tenant_id`. An
            expression that fails for a row fails the whole query, so divide by `func.nullif(hours, 0)`.
    """

    entity: type[Entity]
    name: str
    scalar_type: ScalarType
    doc: str
    expression: Callable[[FromClause], ColumnElement[Any]]


@dataclass(frozen=True, kw_only=True)
class BatchField:
    """A field that a plugin's code computes, in one call for all records of a response.

    Args:
        entity: Entity that gets the field.
        name: Name in Python; the API name is the camelCase form.
        scalar_type: Type of the values. The field is always nullable: it is null if the computation fails.
        doc: Description in the API, one sentence, with the unit.
        required_columns: Attributes that the computation reads: fields ("installed_on"), references
            ("account_id"), parts of composites ("price_currency"), and computed columns by their names.
        compute: Returns a value for each record, in the order of the records. Its arguments are a context
            and, for each record, the required columns as JSON values by attribute.
    """

    entity: type[Entity]
    name: str
    scalar_type: ScalarType
    doc: str
    required_columns: tuple[str, ...]
    compute: Compute
