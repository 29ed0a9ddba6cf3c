"""Binds: the values of a request, kept apart from the plan's shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tenure_core.entities.scalar_types import ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.cursors import decode
from tenure_core.query.plan.predicates import Param
from tenure_core.query.request import Variable, constant


@dataclass(frozen=True, slots=True)
class Bind:
    """One value of a statement.

    Args:
        kind: How it is read and bound.
        where: The argument that it came from, for messages.
        value: The value as PostgreSQL gets it, or the variable that has it.
        many: Whether it is a list.
        part: Which part of a cursor it is; None where it is no part of any.
    """

    kind: ScalarType
    where: str
    value: object
    many: bool
    part: int | None

    def read(self, value: object) -> object:
        """Return a client's value as PostgreSQL gets it.

        Raises:
            BadUserInputError: It is none of this kind.
        """
        try:
            if not self.many:
                return self.kind.parse(value if self.part is None else decode(value)[self.part])
            if not isinstance(value, list | tuple):
                raise ValueError("expected a list")
            return [self.kind.parse(item) for item in value]
        except ValueError as error:
            raise BadUserInputError(f"{self.where}: {error}.") from None


@dataclass(slots=True)
class Binder:
    """Collects the values of one plan while it is made."""

    binds: list[Bind] = field(default_factory=list)

    def add(
        self, kind: ScalarType, value: object, where: str, *, many: bool = False, part: int | None = None
    ) -> Param:
        """Take a value in and return its place.

        Args:
            kind: How it is read and bound.
            value: The value, or the variable that has it.
            where: The argument that it came from, for messages.
            many: Whether it is a list.
            part: Which part of a cursor it is, where the value is one.

        Raises:
            BadUserInputError: It is none of this kind.
        """
        if many and isinstance(value, list):
            value = [constant(item) for item in value]
        bind = Bind(kind, where, value, many, part)
        self.binds.append(bind if isinstance(value, Variable) else replace(bind, value=bind.read(value)))
        return Param(len(self.binds) - 1, kind, many)


def bind_values(binds: tuple[Bind, ...], variables: Mapping[str, object]) -> list[object]:
    """Return what is bound to a statement, in order.

    Args:
        binds: The plan's values.
        variables: The variables of this request, coerced, by name.

    Raises:
        BadUserInputError: A variable's value is not of the kind that it is used as.
    """
    return [b.read(variables[b.value.name]) if isinstance(b.value, Variable) else b.value for b in binds]
