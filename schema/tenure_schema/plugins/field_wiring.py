"""Plugin fields: what joins the fields of plugins' own types to the platform, once a schema is built.

Arguments that hold times come as Python's, and what is of a platform's type is read by the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
)

from tenure_core.entities.scalar_types import DATE, DATE_TIME, ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.write.results import UserError
from tenure_schema.plugins.resolver_contexts import InputRefusedError
from tenure_schema.types.builder import Untyped

Resolve = Callable[..., Any]
"""What finds a field's value."""

Reader = Callable[[Any], Any]
"""Makes of an argument as it came what Python calls such a value."""

TIMES: Mapping[str, ScalarType] = {kind.name: kind for kind in (DATE, DATE_TIME)}


def wire_fields(
    schema: GraphQLSchema, platform: Collection[str], roots: Mapping[str, Collection[str]]
) -> None:
    """Join the fields of plugins to the platform.

    Args:
        schema: The schema of both.
        platform: The names of the platform's types.
        roots: The names of plugins' root fields, by the name of the root type.
    """
    for name in roots["Mutation"]:
        _guard(schema.mutation_type.fields[name])  # type: ignore[union-attr]  # where fields are, it is
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not is_introspection_type(type_):
            of_plugins = () if type_.name in platform else type_.fields
            for name in roots.get(type_.name, of_plugins):
                _join(type_.fields[name], platform)


class RefusedPayload:
    """The payload of a mutation that refused its input: it says why, and nothing else.

    Args:
        errors: What is wrong.
    """

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = list(errors)

    def __getattr__(self, name: str) -> list[UserError] | None:
        return self.errors if name == "user_errors" else None


def _guard(field: GraphQLField) -> None:
    """Keep a mutation's writes from what goes wrong in its answer, and let its payload say why it refuses."""
    payload, resolve = get_named_type(field.type), cast(Resolve, field.resolve)
    says_why = "userErrors" in getattr(payload, "fields", ())

    async def resolved(source: object, info: Untyped, **arguments: Untyped) -> object:
        try:
            found = resolve(source, info, **arguments)
            found = await found if isawaitable(found) else found
        except InputRefusedError as error:
            if not says_why:
                raise
            info.context.refused = True
            return RefusedPayload(error.errors)
        await info.context.mark_written()
        return found

    field.resolve = resolved


def _join(field: GraphQLField, platform: Collection[str]) -> None:
    readers = {
        argument.out_name or name: reader
        for name, argument in field.args.items()
        if (reader := _reader(argument.type))
    }
    if readers and field.subscribe:
        field.subscribe = _with_readers(field.subscribe, readers)
    elif readers and field.resolve:
        field.resolve = _with_readers(field.resolve, readers)
    named = get_named_type(field.type)
    if isinstance(named, GraphQLObjectType) and named.name in platform and field.resolve:
        field.resolve = _shown(field.resolve)


def _with_readers(resolve: Resolve, readers: Mapping[str, Reader]) -> Resolve:
    def resolved(source: object, info: Untyped, **arguments: Untyped) -> Untyped:
        read = {
            name: readers[name](value) if name in readers and value is not None else value
            for name, value in arguments.items()
        }
        return resolve(source, info, **read)

    return resolved


def _shown(resolve: Resolve) -> Resolve:
    async def resolved(source: object, info: Untyped, **arguments: Untyped) -> object:
        found = resolve(source, info, **arguments)
        return await info.context.references.shown(await found if isawaitable(found) else found, info)

    return resolved


def _reader(type_: GraphQLInputType, around: tuple[str, ...] = ()) -> Reader | None:
    """Return what reads the values of a type; None where they stay as they are."""
    if isinstance(type_, GraphQLNonNull):
        return _reader(type_.of_type, around)
    if isinstance(type_, GraphQLList):
        inner = _reader(type_.of_type, around)
        return (lambda values: [_read(inner, value) for value in values]) if inner else None
    if isinstance(type_, GraphQLInputObjectType):
        return None if type_.name in around else _object_reader(type_, (*around, type_.name))
    return _time_reader(TIMES[type_.name]) if type_.name in TIMES else None


def _object_reader(type_: GraphQLInputObjectType, around: tuple[str, ...]) -> Reader | None:
    readers = {
        field.out_name or name: reader
        for name, field in type_.fields.items()
        if (reader := _reader(field.type, around))
    }
    if not readers:
        return None

    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _read(readers.get(name), inner) for name, inner in value.items()}

    return read


def _time_reader(kind: ScalarType) -> Reader:
    def read(value: object) -> object:
        try:
            return kind.parse(value)
        except ValueError as error:
            raise BadUserInputError(f"{error}.") from None

    return read


def _read(reader: Reader | None, value: Any) -> Any:  # noqa: ANN401  # any value of an argument
    return value if reader is None or value is None else reader(value)
