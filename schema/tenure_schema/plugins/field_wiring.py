"""Connects the fields of plugins' Strawberry types to the platform, after the schema is built.

Converts date and time arguments to Python values, and resolves values of platform types.
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
from tenure_schema.plugins.resolver_contexts import InputRejectedError, set_savepoint
from tenure_schema.types.builder import Untyped

Resolve = Callable[..., Any]
"""A resolver."""

Parse = Callable[[Any], Any]
"""Converts an argument's JSON value to a Python value."""

TIME_TYPES: Mapping[str, ScalarType] = {scalar_type.name: scalar_type for scalar_type in (DATE, DATE_TIME)}


def wire_fields(
    schema: GraphQLSchema, platform_types: Collection[str], root_fields: Mapping[str, Collection[str]]
) -> None:
    """Replace the resolvers of plugins' fields.

    Args:
        schema: The schema.
        platform_types: Names of the platform's types.
        root_fields: Names of plugins' root fields, by the name of the root type.
    """
    for name in root_fields["Mutation"]:
        _wrap_mutation(schema.mutation_type.fields[name])  # type: ignore[union-attr]  # it has these fields
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not is_introspection_type(type_):
            plugin_fields = () if type_.name in platform_types else type_.fields
            for name in root_fields.get(type_.name, plugin_fields):
                _wire_field(type_.fields[name], platform_types)


class RejectedPayload:
    """The payload of a mutation that rejected its input: `user_errors`, and None for every other field.

    Args:
        errors: The errors.
    """

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = list(errors)

    def __getattr__(self, name: str) -> list[UserError] | None:
        return self.errors if name == "user_errors" else None


def _wrap_mutation(field: GraphQLField) -> None:
    """Add a savepoint after a mutation's resolver, and convert InputRejectedError to a payload."""
    payload, resolve = get_named_type(field.type), cast(Resolve, field.resolve)
    has_user_errors = "userErrors" in getattr(payload, "fields", ())

    async def resolve_mutation(source: object, info: Untyped, **arguments: Untyped) -> object:
        try:
            value = resolve(source, info, **arguments)
            value = await value if isawaitable(value) else value
        except InputRejectedError as error:
            if not has_user_errors:
                raise
            info.context.is_rejected = True
            return RejectedPayload(error.errors)
        await set_savepoint(info.context)
        return value

    field.resolve = resolve_mutation


def _wire_field(field: GraphQLField, platform_types: Collection[str]) -> None:
    parsers = {
        argument.out_name or name: parse
        for name, argument in field.args.items()
        if (parse := _parser_for(argument.type))
    }
    if parsers and field.subscribe:
        field.subscribe = _with_parsers(field.subscribe, parsers)
    elif parsers and field.resolve:
        field.resolve = _with_parsers(field.resolve, parsers)
    type_ = get_named_type(field.type)
    if isinstance(type_, GraphQLObjectType) and type_.name in platform_types and field.resolve:
        field.resolve = _with_platform_value(field.resolve)


def _with_parsers(resolve: Resolve, parsers: Mapping[str, Parse]) -> Resolve:
    def resolve_parsed(source: object, info: Untyped, **arguments: Untyped) -> Untyped:
        parsed = {name: _parse(parsers.get(name), value) for name, value in arguments.items()}
        return resolve(source, info, **parsed)

    return resolve_parsed


def _with_platform_value(resolve: Resolve) -> Resolve:
    async def resolve_value(source: object, info: Untyped, **arguments: Untyped) -> object:
        value = resolve(source, info, **arguments)
        return await info.context.entity_refs.resolve(await value if isawaitable(value) else value, info)

    return resolve_value


def _parser_for(type_: GraphQLInputType, parents: tuple[str, ...] = ()) -> Parse | None:
    """Return the parser of a type's values; None if the values do not change."""
    if isinstance(type_, GraphQLNonNull):
        return _parser_for(type_.of_type, parents)
    if isinstance(type_, GraphQLList):
        parse = _parser_for(type_.of_type, parents)
        return (lambda values: [_parse(parse, value) for value in values]) if parse else None
    if isinstance(type_, GraphQLInputObjectType):
        return None if type_.name in parents else _object_parser(type_, (*parents, type_.name))
    return _time_parser(TIME_TYPES[type_.name]) if type_.name in TIME_TYPES else None


def _object_parser(type_: GraphQLInputObjectType, parents: tuple[str, ...]) -> Parse | None:
    parsers = {
        field.out_name or name: parse
        for name, field in type_.fields.items()
        if (parse := _parser_for(field.type, parents))
    }
    if not parsers:
        return None

    def parse_object(value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _parse(parsers.get(name), inner) for name, inner in value.items()}

    return parse_object


def _time_parser(scalar_type: ScalarType) -> Parse:
    def parse_time(value: object) -> object:
        try:
            return scalar_type.parse(value)
        except ValueError as error:
            raise BadUserInputError(f"{error}.") from None

    return parse_time


def _parse(parse: Parse | None, value: Any) -> Any:  # noqa: ANN401  # any value of an argument
    return value if parse is None or value is None else parse(value)
