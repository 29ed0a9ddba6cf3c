"""What the caller wants, by name and unresolved: the value between reading a question and planning it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ShapeDependency:
    """What of a variable's value decided something about a plan's shape.

    Args:
        name: The variable's name.
        of: Takes it out of the value; the value is None where the variable was left out.
    """

    name: str
    extract: Callable[[object], object]


def identity(value: object) -> object:
    """Return a value as it is: the trait of which nothing may differ."""
    return value


@dataclass(frozen=True, slots=True)
class Variable:
    """A scalar argument that came from a variable, so that a plan can be used again with another value.

    Args:
        name: The variable's name.
        value: Its value in this request.
        observed: Where it is kept what of the variables shaped the plan.
    """

    name: str
    value: object
    dependencies: set[ShapeDependency] = field(repr=False, compare=False)

    def shape_value(self, of: Callable[[object], object]) -> object:
        """Return what decides about the plan's shape; the plan then holds for values with this trait only."""
        self.dependencies.add(ShapeDependency(self.name, of))
        return of(self.value)


@dataclass(frozen=True, slots=True)
class SelectedField:
    """One selected field.

    Args:
        key: The name that the answer gives it.
        name: Its name in the API.
        arguments: Its arguments; scalars that came from a variable are `Variable`s.
        fields: What is selected of it.
        on: The entity that it is selected on, where the parent may be of several.
    """

    key: str
    name: str
    arguments: Mapping[str, object]
    fields: tuple[SelectedField, ...]
    on: str | None = None


def shape_value(value: object, of: Callable[[object], object]) -> object:
    """Return what of an argument's value decides about the plan's shape."""
    return value.shape_value(of) if isinstance(value, Variable) else of(value)


def constant(value: object) -> object:
    """Return an argument's value, where all of it decides about the plan's shape."""
    return shape_value(value, identity)
