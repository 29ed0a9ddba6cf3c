"""Selections: all that can be asked of a type, so far as it is the plugin's."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from tenure_core.external import EXTERNAL_REFS
from tenure_core.plan.planner import AGGREGATE
from tenure_sdk.checks.additions import Additions

ENTITY_DEPTH = 1
"""How far selections follow from a record to others."""

OWN_DEPTH = 3
"""How far they follow from objects that a plugin makes itself."""

LEFT_OUT = frozenset((EXTERNAL_REFS, "history", "edges", "pageInfo"))
"""Fields that every record or list has, and the platform answers."""

NODES = "nodes"

ROOTS = frozenset(("Query", "Mutation", "Subscription"))


def parts_of(field: GraphQLField, additions: Additions) -> tuple[str, tuple[str, ...]]:
    """Return what stands around the parts of a root field's selection, and the parts.

    Args:
        field: The root field.
        additions: What the plugin adds to the schema.
    """
    type_ = get_named_type(field.type)
    if is_leaf_type(type_):
        return "", ()
    if isinstance(type_, GraphQLObjectType) and NODES in type_.fields:
        node = get_named_type(type_.fields[NODES].type)
        return " { totalCount nodes { %s } }", tuple(_parts(node, additions, ENTITY_DEPTH))
    if type_.name.endswith(AGGREGATE):
        return " { %s }", ("count",)
    depth = ENTITY_DEPTH if _is_record(type_) else OWN_DEPTH
    return " { %s }", tuple(_parts(type_, additions, depth))


def needing_arguments(additions: Additions) -> Iterator[tuple[str, str]]:
    """Yield the types and names of fields below the roots that no selection of the kit's can ask for."""
    for name, type_ in additions.schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and name not in ROOTS:
            for field in additions.fields(name):
                if _needs_arguments(type_.fields[field]):
                    yield name, field


def _needs_arguments(field: GraphQLField) -> bool:
    return any(is_required_argument(argument) for argument in field.args.values())


def _parts(type_: GraphQLNamedType, additions: Additions, depth: int) -> Iterator[str]:
    """Yield what can be asked of a type: of a record of others, only what the plugin adds to it."""
    if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
        yield "__typename"
    elif isinstance(type_, GraphQLObjectType):
        shown = ["id", *additions.fields(type_.name)] if _is_record(type_) else list(type_.fields)
        for name in dict.fromkeys(shown):
            if name not in LEFT_OUT and (part := _part(name, type_.fields[name], additions, depth)):
                yield part


def _part(name: str, field: GraphQLField, additions: Additions, depth: int) -> str:
    """Return what is asked of one field; "" where it can't be asked for, or lies too deep."""
    type_ = get_named_type(field.type)
    if _needs_arguments(field):
        return ""
    if is_leaf_type(type_):
        return name
    if depth == 0:
        return ""
    is_list = isinstance(type_, GraphQLObjectType) and NODES in type_.fields
    inner = " ".join(_parts(type_, additions, depth if is_list else depth - 1))
    return f"{name} {{ {inner} }}" if inner else ""


def _is_record(type_: GraphQLNamedType) -> bool:
    return isinstance(type_, GraphQLObjectType) and any(one.name == "Node" for one in type_.interfaces)
