"""Plans selection sets of objects that are not records, such as connections and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tenure_core.query.plan.nodes import NamedField, TypeName
from tenure_core.query.request import TYPE_NAME, SelectedField

T = TypeVar("T")


def plan_selections(
    fields: Iterable[SelectedField], type_name: str, plan_field: Callable[[SelectedField], T]
) -> tuple[T | TypeName, ...]:
    """Return the outputs of a selection set.

    Args:
        fields: The selected fields.
        type_name: The name of the object type, for `__typename`.
        plan_field: Returns the output of any other field.
    """
    return tuple(TypeName(f.key, type_name) if f.name == TYPE_NAME else plan_field(f) for f in fields)


def plan_named_fields(fields: Iterable[SelectedField], type_name: str) -> tuple[NamedField | TypeName, ...]:
    """Return the outputs of a selection set without nested selections and arguments."""
    return plan_selections(fields, type_name, lambda field: NamedField(field.key, field.name))
