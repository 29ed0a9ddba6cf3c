"""The unresolved request: root fields with their arguments and selections, by name.

It is the output of the lowering of a GraphQL operation, and the input of the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

TYPE_NAME = "__typename"
"""The meta field with the name of an object's type."""


@dataclass(frozen=True, slots=True)
class ShapeDependency:
    """A property of a variable's value on which the shape of a plan depends.

    Args:
        name: The name of the variable.
        extract: Returns the property of the value; the value is None if the variable is missing.
    """

    name: str
    extract: Callable[[object], object]


def identity(value: object) -> object:
    """Return a value unchanged: the plan depends on the whole value."""
    return value


@dataclass(frozen=True, slots=True)
class Variable:
    """A scalar argument that came from a variable; the plan can be reused for other values.

    Args:
        name: The name of the variable.
        value: The value in this request.
    """

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class SelectedField:
    """A selected field.

    Args:
        key: The response key.
        name: The name in the API.
        arguments: The arguments; scalars that came from a variable are `Variable`s.
        fields: The selection set.
        on: The entity on which it is selected, if the parent can be of several entities.
    """

    key: str
    name: str
    arguments: Mapping[str, object]
    fields: tuple[SelectedField, ...]
    on: str | None = None
