"""Additions: what a plugin adds to the schema, as a document of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    EnumTypeExtensionNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    TypeDefinitionNode,
    build_schema,
    parse,
    print_ast,
)

from tenure_core.plugins import Host
from tenure_schema.plugin_parts import ROOTS, PluginParts
from tenure_schema.schema import schema_text

Extendable = ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode | EnumTypeDefinitionNode

Member = FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode
"""What types are made of."""


@dataclass(frozen=True)
class Additions:
    """What a plugin adds to the schema.

    Args:
        base: The schema without it, in GraphQL's schema definition language.
        whole: The schema with it.
        own: The root fields that it has written itself, by the name of the root type.
    """

    base: str
    whole: str
    own: Mapping[str, frozenset[str]]

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema with the plugin."""
        return build_schema(self.whole)

    @cached_property
    def document(self) -> DocumentNode:
        """What the plugin adds: its types, and what it adds to types of others."""
        return DocumentNode(definitions=tuple(_added(_types(self.base), _types(self.whole))))

    @property
    def adds(self) -> bool:
        """Whether the plugin adds anything."""
        return bool(self.document.definitions)

    @property
    def text(self) -> str:
        """What the plugin adds, in GraphQL's schema definition language."""
        return print_ast(self.document).strip() + "\n"

    def fields(self, type_name: str) -> list[str]:
        """Return the names of the fields that the plugin adds to an object type, or its type has."""
        return [
            field.name.value
            for one in self.document.definitions
            if isinstance(one, ObjectTypeDefinitionNode | ObjectTypeExtensionNode)
            and one.name.value == type_name
            for field in one.fields or ()
        ]


def additions(base: Host, whole: Host) -> Additions:
    """Return what the plugins of one host add to the schema that are not in the other.

    Raises:
        PluginError: Two parts of the schema contradict each other.
    """
    before, after = PluginParts.of(base), PluginParts.of(whole)
    own = {
        kind.capitalize(): frozenset(after.fields(kind).keys() - before.fields(kind).keys()) for kind in ROOTS
    }
    return Additions(host_schema(base), host_schema(whole), own)


def host_schema(host: Host) -> str:
    """Return the schema of a host in GraphQL's schema definition language."""
    return schema_text(host.catalog, PluginParts.of(host))


def _types(text: str) -> Mapping[str, TypeDefinitionNode]:
    definitions = parse(text).definitions
    return {one.name.value: one for one in definitions if isinstance(one, TypeDefinitionNode)}


def _added(
    base: Mapping[str, TypeDefinitionNode], whole: Mapping[str, TypeDefinitionNode]
) -> Iterator[DefinitionNode]:
    for name, one in whole.items():
        if name not in base:
            yield one
        elif isinstance(one, Extendable) and (extension := _extension(base[name], one)):
            yield extension


def _extension(base: TypeDefinitionNode, whole: Extendable) -> DefinitionNode | None:
    """Return what one type has more than the other, or None where that is nothing."""
    known = {one.name.value for one in _members(base)}
    more = [one for one in _members(whole) if one.name.value not in known]
    if not more:
        return None
    members: Any = tuple(more)
    match whole:
        case ObjectTypeDefinitionNode():
            return ObjectTypeExtensionNode(name=whole.name, fields=members)
        case InputObjectTypeDefinitionNode():
            return InputObjectTypeExtensionNode(name=whole.name, fields=members)
        case EnumTypeDefinitionNode():
            return EnumTypeExtensionNode(name=whole.name, values=members)


def _members(one: TypeDefinitionNode) -> tuple[Member, ...]:
    if isinstance(one, EnumTypeDefinitionNode):
        return tuple(one.values or ())
    if isinstance(
        one, ObjectTypeDefinitionNode | InputObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
    ):
        return tuple(one.fields or ())
    return ()
