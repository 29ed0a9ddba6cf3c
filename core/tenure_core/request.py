"""What the caller wants, by name and unresolved: the value between reading a question and planning it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Variable:
    """A scalar argument that came from a variable, so that a plan can be used again with another value.

    Args:
        name: The variable's name.
        value: Its value in this request.
        observed: Where the names of variables are kept whose values shaped the plan.
    """

    name: str
    value: object
    observed: set[str] = field(repr=False, compare=False)

    def fixed(self) -> object:
        """Return the value for a decision about the plan's shape; the plan then holds for this value only."""
        self.observed.add(self.name)
        return self.value


@dataclass(frozen=True, slots=True)
class Field:
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
    fields: tuple[Field, ...]
    on: str | None = None


def fixed(value: object) -> object:
    """Return an argument's value, for a decision about the plan's shape."""
    return value.fixed() if isinstance(value, Variable) else value
