"""Building: Strawberry types, inputs and enums made at start, since what there is comes from the catalog."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import GenericAlias
from typing import Any, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema_directives import OneOf
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

GraphQLType = Any
"""A Python type that Strawberry turns into a GraphQL type: no narrower type says that."""

Untyped = Any
"""What Strawberry and graphql-core hand over without a type."""


class DuplicateTypeError(ValueError):
    """Two types of one name.

    Args:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def list_of(type_: GraphQLType) -> GraphQLType:
    """Return the type of lists of a type that is known at start only."""
    return GenericAlias(list, (type_,))


@lru_cache(maxsize=8192)
def annotated(type_: GraphQLType) -> StrawberryAnnotation:
    """Return a type as Strawberry takes it: the same for the same type, so that it is looked into once."""
    return StrawberryAnnotation(type_)


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


class KnownField(StrawberryField):
    """A field whose type is known when it is made: nothing has to be looked up, and nothing can be wrong."""

    def resolve_type(self, *, type_definition: Untyped = None) -> Untyped:
        """Return its type as Strawberry has it."""
        return self.type_annotation.resolve() if self.type_annotation else None


class PlannedField(KnownField):
    """A field whose value the plan has put into the object around it, under its name in the answer."""

    @property
    def is_basic_field(self) -> bool:
        """Not basic: the name that the answer gives it is in the info."""
        return False

    def get_result(self, source: Untyped, info: Untyped, args: list[Untyped], kwargs: Untyped) -> object:
        """Return the planned value."""
        return source[info.path.key]


def output_field(
    name: str, type_: GraphQLType, description: str, arguments: Iterable[Argument] = ()
) -> PlannedField:
    """Return a planned field of an object type."""
    built = PlannedField(name, name, annotated(type_), description=description)
    built.arguments = [argument(one) for one in arguments]
    return built


def argument(one: Argument) -> StrawberryArgument:
    """Return an argument as Strawberry takes it."""
    return StrawberryArgument(
        python_of(one.name), one.name, annotated(one.type), default=UNSET, description=one.description
    )


def input_field(name: str, type_: GraphQLType, description: str, *, required: bool = False) -> KnownField:
    """Return a field of an input type."""
    if required:
        return KnownField(python_of(name), name, annotated(type_), description=description)
    annotation = annotated(type_ | None)
    return KnownField(python_of(name), name, annotation, description=description, default=UNSET)


def python_of(name: str) -> str:
    """Return an API name as a Python name: `in` becomes `in_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


@dataclass
class TypeRegistry:
    """The types of one schema by name. A type can be referred to before it is defined.

    Args:
        named: The classes made so far.
    """

    named: dict[str, type] = field(default_factory=dict)

    def __getitem__(self, name: str) -> type:
        """Return the class of a type that is or will be defined."""
        return self.named.setdefault(name, type(name, (), {"__annotations__": {}}))

    def is_defined(self, name: str) -> bool:
        """Return whether a type that several share is defined already; to be referred to is not enough.

        Raises:
            DuplicateTypeError: The name is that of a record: only records implement anything.
        """
        built = self.named.get(name, object)
        if built.__bases__ not in ((), (object,)):
            raise DuplicateTypeError(name)
        return "__strawberry_definition__" in vars(built)

    def implement(self, interface: str, names: Collection[str]) -> None:
        """Make the classes of an interface and of the types that will be defined to implement it.

        Records are plain JSON objects, which carry their type as `__type` where several are possible.
        """
        if interface in names:
            raise DuplicateTypeError(interface)
        resolve_type = classmethod(lambda cls, value, info, abstract: value["__type"])
        base = self.named[interface] = type(
            interface, (), {"__annotations__": {}, "resolve_type": resolve_type}
        )
        is_type_of = classmethod(lambda cls, value, info: True)
        for name in names:
            self.named[name] = type(name, (base,), {"__annotations__": {}, "is_type_of": is_type_of})

    def object(
        self, name: str, description: str, fields: Iterable[StrawberryField], *, is_interface: bool = False
    ) -> type:
        """Define an object type, or with `is_interface` an interface."""
        return self._define(name, description, fields, is_interface=is_interface)

    def input(
        self, name: str, description: str, fields: Iterable[StrawberryField], *, one_of: bool = False
    ) -> type:
        """Define an input type."""
        self[name].__init__ = _keep_values  # type: ignore[misc]  # Strawberry makes one of each value
        return self._define(name, description, fields, is_input=True, one_of=one_of)

    def enum(self, name: str, description: str, values: Iterable[str]) -> type:
        """Define an enum whose values are their names."""
        if name not in self.named:
            members = StrEnum(name, {value: value for value in values})  # type: ignore[misc]  # known at start only
            self.named[name] = strawberry.enum(members, description=description)
        if not issubclass(self.named[name], StrEnum):
            raise DuplicateTypeError(name)
        return self.named[name]

    def _define(
        self,
        name: str,
        description: str,
        fields: Iterable[StrawberryField],
        *,
        is_input: bool = False,
        is_interface: bool = False,
        one_of: bool = False,
    ) -> type:
        """Give a class the definition that Strawberry's decorators would.

        They make a dataclass first and take it apart again: for hundreds of types that takes seconds.
        """
        built: Untyped = self[name]
        if "__strawberry_definition__" in vars(built) or (is_input and self.is_defined(name)):
            raise DuplicateTypeError(name)
        interfaces = [base.__strawberry_definition__ for base in built.__bases__ if base is not object]
        by_name = {one.python_name: one for base in interfaces for one in base.fields}
        for one in fields:
            one.name, one.origin = one.python_name, built
            by_name[one.python_name] = one
        built.__strawberry_definition__ = StrawberryObjectDefinition(
            name=name,
            is_input=is_input,
            is_interface=is_interface,
            origin=built,
            description=description,
            interfaces=interfaces,
            extend=False,
            directives=(OneOf(),) if one_of else (),
            is_type_of=getattr(built, "is_type_of", None),
            resolve_type=getattr(built, "resolve_type", None),
            fields=list(by_name.values()),
        )
        return cast(type, built)


def _keep_values(self: object, **values: object) -> None:
    """Keep what an input was given, as a dataclass does."""
    for name, value in values.items():
        setattr(self, name, value)
