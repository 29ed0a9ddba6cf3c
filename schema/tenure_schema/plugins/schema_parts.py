"""Merges plugins' Strawberry types and root fields with the platform's into one schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import strawberry
from strawberry.exceptions import DuplicatedTypeName
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryContainer, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.errors import PluginError
from tenure_core.plugins.host import Host
from tenure_core.plugins.registrations import GraphQLParts

ROOTS = ("query", "mutation", "subscription")
"""The attributes of GraphQLParts with root types."""

PLATFORM = "Tenure itself"

NAMES = NameConverter()


class UnbuildableError(PluginError):
    """Strawberry cannot build the schema with a plugin's types."""


@dataclass(frozen=True)
class PluginParts:
    """The parts that all plugins add to the schema.

    Args:
        by_plugin: The part of each plugin, in load order.
        by_entity: The plugin of each plugin entity, by the singular and plural names that its root fields
            start with.
        by_type: The owner of each enum and composite type that an entity declares.
    """

    by_plugin: Mapping[str, GraphQLParts] = field(default_factory=dict)
    by_entity: Mapping[str, str] = field(default_factory=dict)
    by_type: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, host: Host) -> PluginParts:
        """Return the parts of a host's plugins."""
        entities = [entity for entity in host.catalog.entities.values() if entity.plugin]
        by_entity = {name: e.plugin for e in entities for name in (e.singular, e.plural)}
        by_type: dict[str, str] = {}
        for entity in host.catalog.entities.values():
            for name in _declared_types(entity):
                by_type.setdefault(name, entity.plugin or PLATFORM)
        by_plugin = {
            plugin.name: plugin.registration(GraphQLParts) or GraphQLParts() for plugin in host.plugins
        }
        return cls(by_plugin, by_entity, by_type)

    def only(self, plugin: str) -> PluginParts:
        """Return the part of one plugin without the others."""
        return replace(self, by_plugin={plugin: self.by_plugin[plugin]})

    def owner_of_field(self, root_field: str) -> str:
        """Return the owner of a generated root field: the plugin of its entity, or the platform."""
        prefixes = [name for name in self.by_entity if root_field.startswith(name)]
        return self.by_entity[max(prefixes, key=len)] if prefixes else PLATFORM

    def owner_of_type(self, name: str) -> str:
        """Return the owner of a generated type."""
        return self.by_type.get(name) or self.owner_of_field(name[0].lower() + name[1:])

    @property
    def types(self) -> list[type]:
        """The types that plugins add explicitly, because no field references them."""
        return [type_ for part in self.by_plugin.values() for type_ in part.types]

    def types_of(self, plugin: str) -> list[type]:
        """Return the types that a plugin's part contains directly."""
        part = self.by_plugin[plugin]
        roots = (getattr(part, kind) for kind in ROOTS)
        return [*part.types, *(root for root in roots if root is not None)]

    def roots(self, kind: str) -> list[tuple[str, type]]:
        """Return the plugins' root types of one kind, each with the plugin's name."""
        roots = ((plugin, getattr(part, kind)) for plugin, part in self.by_plugin.items())
        return [(plugin, root) for plugin, root in roots if root is not None]

    def fields(self, kind: str) -> Mapping[str, str]:
        """Return the plugin of each root field of one kind, by the field's name in the API."""
        return {_api_name(field): plugin for plugin, root in self.roots(kind) for field in _fields(root)}


def merge_parts(kind: str, platform: type | None, parts: PluginParts, description: str = "") -> type | None:
    """Return a root type with the fields of the platform and of all plugins; None if there are none.

    Args:
        kind: "query", "mutation" or "subscription".
        platform: The platform's root type, if any.
        parts: The plugins' parts.
        description: The description if the platform has no root type of this kind.

    Raises:
        PluginError: Two root types have a field with the same name.
    """
    plugin_roots = parts.roots(kind)
    if not plugin_roots:
        return platform
    roots = [*([(PLATFORM, platform)] if platform is not None else []), *plugin_roots]
    _check_conflicts(kind, roots, parts)
    bases = tuple(root for _, root in roots)
    name = kind.capitalize()
    if platform is not None:
        description = platform.__strawberry_definition__.description  # type: ignore[attr-defined]  # set by Strawberry
    return strawberry.type(type(name, bases, {"__annotations__": {}}), name=name, description=description)


def _check_conflicts(kind: str, roots: Iterable[tuple[str, type]], parts: PluginParts) -> None:
    owners: dict[str, str] = {}
    for root_owner, root in roots:
        for root_field in _fields(root):
            for name in {_api_name(root_field), root_field.python_name}:
                owner = parts.owner_of_field(name) if root_owner == PLATFORM else root_owner
                if owners.setdefault(name, owner) != owner:
                    raise PluginError(
                        f"The {kind} {name} is registered by {owners[name]} and by {owner}.",
                        f"Rename it in {owner}, or exclude one of the two with TENURE_PLUGINS_DENY.",
                    )


def _fields(root: type) -> Sequence[StrawberryField]:
    definition = getattr(root, "__strawberry_definition__", None)
    if definition is None:
        raise PluginError(
            f"{root.__name__} is not a Strawberry type.", "Decorate it with `@strawberry.type`."
        )
    fields: Sequence[StrawberryField] = definition.fields
    return fields


def _api_name(field: StrawberryField) -> str:
    return NAMES.get_graphql_name(field)


def build_error(error: Exception, parts: PluginParts) -> PluginError:
    """Return the error of a schema that cannot be built; without plugins, it always can."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PluginError):
            return cause
        if isinstance(cause, DuplicatedTypeName):
            return _duplicate_type_error(cause, parts)
        cause = cause.__cause__
    plugins = ", ".join(plugin for plugin, part in parts.by_plugin.items() if part != GraphQLParts())
    return UnbuildableError(
        f"The schema cannot be built: {type(error).__name__}: {error}.",
        f"Correct the Strawberry types of one of these plugins: {plugins}.",
    )


def _declared_types(entity: EntityInfo) -> Iterator[str]:
    """Yield the names of the types that an entity declares for its fields."""
    yield from (field.type_name for field in entity.composites)
    yield from (field.scalar_type.name for field in entity.declared_scalars)


def _duplicate_type_error(error: DuplicatedTypeName, parts: PluginParts) -> PluginError:
    reachable = {plugin: _reachable_types(parts.types_of(plugin)) for plugin in parts.by_plugin}
    owners = {
        plugin
        for plugin, types in reachable.items()
        for type_ in types
        if isinstance(type_, StrawberryUnion) and error.message.startswith(f"Type {type_.graphql_name} ")
    }
    for class_ in (error.first_cls, error.second_cls):
        if class_ is not None:
            plugins = (plugin for plugin, types in reachable.items() if class_ in types)
            owners.add(next(plugins, None) or parts.owner_of_type(class_.__name__))
    return PluginError(
        f"{error.message}: it is registered by {' and by '.join(sorted(owners))}.",
        "Rename it with `@strawberry.type(name=...)`; for a type of the platform, use `platform_type`.",
    )


def _reachable_types(roots: list[Any]) -> set[object]:
    """Return the classes and unions that are reachable from some types, including these."""
    reachable: set[object] = set()
    pending = roots
    while pending:
        type_ = pending.pop()
        if isinstance(type_, StrawberryContainer):
            pending.append(type_.of_type)
        elif isinstance(type_, StrawberryUnion):
            reachable.add(type_)
            pending += type_.types
        elif isinstance(type_, StrawberryEnumDefinition):
            reachable.add(type_.wrapped_cls)
        elif has_object_definition(type_) and type_ not in reachable:
            reachable.add(type_)
            fields = type_.__strawberry_definition__.fields
            pending += [inner for f in fields for inner in (f.type, *(a.type for a in f.arguments))]
    return reachable
