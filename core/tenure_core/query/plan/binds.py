"""The values of a request, which are not part of the plan, and the shape dependencies of its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tenure_core.catalog.predicates import Param
from tenure_core.entities.scalar_types import ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.cursors import decode
from tenure_core.query.request import ShapeDependency, Variable, identity


@dataclass(frozen=True, slots=True)
class Bind:
    """A value of a statement.

    Args:
        scalar_type: The type by which the value is parsed and bound.
        path: The path of the argument, for error messages.
        value: The value for PostgreSQL, or the variable that contains it.
        many: Whether the value is a list.
        part: The index of the part of a cursor that is bound; None if the value is not a cursor.
    """

    scalar_type: ScalarType
    path: str
    value: object
    many: bool
    part: int | None

    def parse(self, value: object) -> object:
        """Return a client's value as PostgreSQL receives it.

        Raises:
            BadUserInputError: The value is not of the type.
        """
        try:
            if not self.many:
                return self.scalar_type.parse(value if self.part is None else decode(value)[self.part])
            if not isinstance(value, list | tuple):
                raise ValueError("expected a list")
            return [self.scalar_type.parse(item) for item in value]
        except ValueError as error:
            raise BadUserInputError(f"{self.path}: {error}.") from None


@dataclass(slots=True)
class Binder:
    """Collects the binds of one plan, and the shape dependencies of its arguments, during planning.

    Args:
        binds: The binds so far.
        dependencies: The shape dependencies so far.
    """

    binds: list[Bind] = field(default_factory=list)
    dependencies: set[ShapeDependency] = field(default_factory=set)

    def add(
        self,
        scalar_type: ScalarType,
        value: object,
        path: str,
        *,
        many: bool = False,
        part: int | None = None,
    ) -> Param:
        """Add a bind and return its parameter.

        Args:
            scalar_type: The type by which the value is parsed and bound.
            value: The value, or the variable that contains it.
            path: The path of the argument, for error messages.
            many: Whether the value is a list.
            part: The index of the part of a cursor that is bound, if the value is a cursor.

        Raises:
            BadUserInputError: The value is not of the type.
        """
        if many and isinstance(value, list):
            value = [self.constant(item) for item in value]
        bind = Bind(scalar_type, path, value, many, part)
        self.binds.append(bind if isinstance(value, Variable) else replace(bind, value=bind.parse(value)))
        return Param(len(self.binds) - 1, scalar_type, many)

    def constant(self, value: object) -> object:
        """Return the value of an argument; the plan becomes valid for this value only."""
        return self.shape_value(value, identity)

    def shape_value(self, value: object, extract: Callable[[object], object]) -> object:
        """Return a property of an argument's value; the plan becomes valid for this property only."""
        if not isinstance(value, Variable):
            return extract(value)
        self.dependencies.add(ShapeDependency(value.name, extract))
        return extract(value.value)


def bind_values(binds: tuple[Bind, ...], variables: Mapping[str, object]) -> list[object]:
    """Return the values of a statement's binds, in order.

    Args:
        binds: The binds of the plan.
        variables: The coerced variables of the request, by name.

    Raises:
        BadUserInputError: The value of a variable is not of the type as which it is used.
    """
    return [b.parse(variables[b.value.name]) if isinstance(b.value, Variable) else b.value for b in binds]
