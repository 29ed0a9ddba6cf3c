"""Builds Strawberry types at startup, because their fields are known only once the catalog is built."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Mapping
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
"""A Python type that Strawberry converts to a GraphQL type; Python has no narrower type for it."""

Untyped = Any
"""A value for which Strawberry or graphql-core declares no type."""


class DuplicateTypeError(ValueError):
    """Two types have the same name.

    Args:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def list_of(type_: GraphQLType) -> GraphQLType:
    """Return the list type of a type that is known only at runtime."""
    return GenericAlias(list, (type_,))


@lru_cache(maxsize=8192)
def annotate(type_: GraphQLType) -> StrawberryAnnotation:
    """Return the Strawberry annotation of a type; cached, so that Strawberry resolves each type once."""
    return StrawberryAnnotation(type_)


@dataclass(frozen=True)
class Argument:
    """An argument of a field.

    Args:
        name: Name in the API.
        type: Python type; `X | None` for an optional argument.
        description: Description in the schema.
    """

    name: str
    type: GraphQLType
    description: str


class TypedField(StrawberryField):
    """A field whose type is known when the field is created, so that Strawberry does not have to infer it."""

    def resolve_type(self, *, type_definition: Untyped = None) -> Untyped:
        """Return the resolved Strawberry type."""
        return self.type_annotation.resolve() if self.type_annotation else None


class PlannedField(TypedField):
    """A field whose value the query plan has stored in the parent object under the field's response key."""

    @property
    def is_basic_field(self) -> bool:
        """False, so that Strawberry passes `info`, which contains the response key."""
        return False

    def get_result(self, source: Untyped, info: Untyped, args: list[Untyped], kwargs: Untyped) -> object:
        """Return the planned value."""
        return source[info.path.key]


def output_field(
    name: str, type_: GraphQLType, description: str, arguments: Iterable[Argument] = ()
) -> PlannedField:
    """Return a planned field of an object type."""
    planned = PlannedField(name, name, annotate(type_), description=description)
    planned.arguments = [
        StrawberryArgument(
            _python_name(a.name), a.name, annotate(a.type), default=UNSET, description=a.description
        )
        for a in arguments
    ]
    return planned


def input_field(name: str, type_: GraphQLType, description: str, *, required: bool = False) -> TypedField:
    """Return a field of an input type."""
    if required:
        return TypedField(_python_name(name), name, annotate(type_), description=description)
    annotation = annotate(type_ | None)
    return TypedField(_python_name(name), name, annotation, description=description, default=UNSET)


def _python_name(name: str) -> str:
    """Return an API name as a Python identifier: `in` becomes `in_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


@dataclass
class TypeRegistry:
    """The types of one schema by name. A type can be referenced before it is defined.

    Args:
        named: The classes created so far, by type name.
    """

    named: dict[str, type] = field(default_factory=dict)

    def __getitem__(self, name: str) -> type:
        """Return the class of a type that is or will be defined."""
        return self.named.setdefault(name, type(name, (), {"__annotations__": {}}))

    def is_defined(self, name: str) -> bool:
        """Return whether a shared type is defined; a type that is only referenced is not.

        Raises:
            DuplicateTypeError: An entity has this name (only entity types implement an interface).
        """
        class_ = self.named.get(name, object)
        if class_.__bases__ not in ((), (object,)):
            raise DuplicateTypeError(name)
        return "__strawberry_definition__" in vars(class_)

    def implement(self, interface: str, names: Collection[str]) -> None:
        """Create the classes of an interface and of the types that will implement it.

        Records are JSON objects. Where several types are possible, the key `__type` contains the type name.
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
        """Define an object type, or an interface."""
        return self._define(name, description, fields, is_interface=is_interface)

    def input(
        self, name: str, description: str, fields: Iterable[StrawberryField], *, one_of: bool = False
    ) -> type:
        """Define an input type."""
        self[name].__init__ = _set_attributes  # type: ignore[misc]  # Strawberry instantiates inputs
        return self._define(name, description, fields, is_input=True, one_of=one_of)

    def enum(self, name: str, description: str, values: Iterable[str]) -> type:
        """Define an enum, unless it is defined.

        Args:
            name: Name in the API.
            description: Description in the schema.
            values: The values; a mapping contains the description of each value.
        """
        if name not in self.named:
            members = StrEnum(name, {value: value for value in values})  # type: ignore[misc]  # runtime values
            self.named[name] = strawberry.enum(members, description=description)
            if isinstance(values, Mapping):
                _describe_values(members, values)
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
        """Attach a Strawberry definition to a class.

        Strawberry's decorators create a dataclass first, which takes seconds for hundreds of types.
        """
        class_: Untyped = self[name]
        if "__strawberry_definition__" in vars(class_) or (is_input and self.is_defined(name)):
            raise DuplicateTypeError(name)
        interfaces = [base.__strawberry_definition__ for base in class_.__bases__ if base is not object]
        by_name = {field.python_name: field for base in interfaces for field in base.fields}
        for new in fields:
            new.name, new.origin = new.python_name, class_
            by_name[new.python_name] = new
        class_.__strawberry_definition__ = StrawberryObjectDefinition(
            name=name,
            is_input=is_input,
            is_interface=is_interface,
            origin=class_,
            description=description,
            interfaces=interfaces,
            extend=False,
            directives=(OneOf(),) if one_of else (),
            is_type_of=getattr(class_, "is_type_of", None),
            resolve_type=getattr(class_, "resolve_type", None),
            fields=list(by_name.values()),
        )
        return cast(type, class_)


def _describe_values(enum: Untyped, descriptions: Mapping[str, str]) -> None:
    for value in enum.__strawberry_definition__.values:
        value.description = descriptions[value.name]


def _set_attributes(self: object, **values: object) -> None:
    """Set the attributes of an input object, as a dataclass does."""
    for name, value in values.items():
        setattr(self, name, value)
