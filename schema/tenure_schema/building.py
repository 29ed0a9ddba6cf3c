"""Building: Strawberry types, inputs and enums made at start, since what there is comes from the catalog."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import GenericAlias
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

GraphQLType = Any
"""A Python type that Strawberry turns into a GraphQL type: no narrower type says that."""

Untyped = Any
"""What Strawberry and graphql-core hand over without a type."""


def list_of(type_: GraphQLType) -> GraphQLType:
    """Return the type of lists of a type that is known at start only."""
    return GenericAlias(list, (type_,))


@dataclass(frozen=True)
class Argument:
    """One argument of a field.

    Args:
        name: Its name.
        type: Its type.
        description: What it is, for people.
    """

    name: str
    type: GraphQLType
    description: str


class PlannedField(StrawberryField):
    """A field whose value the plan has put into the object around it, under its name in the answer."""

    @property
    def is_basic_field(self) -> bool:
        """Not basic: the name that the answer gives it is in the info."""
        return False

    def get_result(self, source: Untyped, info: Untyped, args: list[Untyped], kwargs: Untyped) -> object:
        """Return the planned value."""
        return source[info.path.key]


def output(
    name: str, type_: GraphQLType, description: str, arguments: Iterable[Argument] = ()
) -> PlannedField:
    """Return a planned field of an object type."""
    built = PlannedField(name, name, StrawberryAnnotation(type_), description=description)
    built.arguments = [argument(one) for one in arguments]
    return built


def argument(one: Argument) -> StrawberryArgument:
    """Return an argument as Strawberry takes it."""
    annotation = StrawberryAnnotation(one.type)
    return StrawberryArgument(
        python_of(one.name), one.name, annotation, default=UNSET, description=one.description
    )


def given(name: str, type_: GraphQLType, description: str, *, required: bool = False) -> StrawberryField:
    """Return a field of an input type."""
    if required:
        return StrawberryField(python_of(name), name, StrawberryAnnotation(type_), description=description)
    annotation = StrawberryAnnotation(type_ | None)
    return StrawberryField(python_of(name), name, annotation, description=description, default=UNSET)


def python_of(name: str) -> str:
    """Return an API name as a Python name: `in` becomes `in_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


@dataclass
class Types:
    """The types of one schema by name. A type can be referred to before it is defined.

    Args:
        named: The classes made so far.
    """

    named: dict[str, type] = field(default_factory=dict)

    def __getitem__(self, name: str) -> type:
        """Return the class of a type that is or will be defined."""
        return self.named.setdefault(name, type(name, (), {"__annotations__": {}}))

    def implement(self, interface: str, names: Iterable[str]) -> None:
        """Make the classes of an interface and of the types that will be defined to implement it.

        Records are plain JSON objects, which carry their type as `__type` where several are possible.
        """
        resolve_type = classmethod(lambda cls, value, info, abstract: value["__type"])
        base = self.named[interface] = type(
            interface, (), {"__annotations__": {}, "resolve_type": resolve_type}
        )
        is_type_of = classmethod(lambda cls, value, info: True)
        for name in names:
            self.named[name] = type(name, (base,), {"__annotations__": {}, "is_type_of": is_type_of})

    def object(self, name: str, description: str, fields: Iterable[StrawberryField], **options: bool) -> type:
        """Define an object type, or with `is_interface` an interface."""
        return self._define(strawberry.type, name, description, fields, options)

    def input(self, name: str, description: str, fields: Iterable[StrawberryField], **options: bool) -> type:
        """Define an input type."""
        return self._define(strawberry.input, name, description, fields, options)

    def enum(self, name: str, description: str, values: Iterable[str]) -> type:
        """Define an enum whose values are their names."""
        if name not in self.named:
            members = StrEnum(name, {value: value for value in values})  # type: ignore[misc]  # known at start only
            self.named[name] = strawberry.enum(members, description=description)
        return self.named[name]

    def _define(
        self,
        kind: Untyped,
        name: str,
        description: str,
        fields: Iterable[StrawberryField],
        options: Mapping[str, bool],
    ) -> type:
        built = self[name]
        for one in fields:
            built.__annotations__[one.python_name] = (
                one.type_annotation.annotation if one.type_annotation else None
            )
            setattr(built, one.python_name, one)
        defined: type = kind(built, name=name, description=description, **options)
        return defined
