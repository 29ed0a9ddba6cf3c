"""Plugin parts: plugins' own Strawberry types, joined to the platform's into one schema."""

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
"""What plugins' parts call the root types that they add to."""

PLATFORM = "Tenure itself"

NAMES = NameConverter()


class UnbuildableError(PluginError):
    """Types of plugins that Strawberry can make nothing of."""


@dataclass(frozen=True)
class PluginParts:
    """What all plugins add to the schema.

    Args:
        by_plugin: The part of each plugin, in the plugins' order.
        by_entity: The plugin of each entity that is not the core's, by what its root fields begin with.
        by_type: Whose each type is that entities declare for their fields.
    """

    by_plugin: Mapping[str, GraphQLParts] = field(default_factory=dict)
    by_entity: Mapping[str, str] = field(default_factory=dict)
    by_type: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, host: Host) -> PluginParts:
        """Return what the plugins of a host add."""
        entities = [entity for entity in host.catalog.entities.values() if entity.plugin]
        by_entity = {name: e.plugin for e in entities for name in (e.singular, e.plural)}
        by_type: dict[str, str] = {}
        for entity in host.catalog.entities.values():
            for name in _declared_types(entity):
                by_type.setdefault(name, entity.plugin or PLATFORM)
        return cls({one.name: one.graphql for one in host.plugins}, by_entity, by_type)

    def alone(self, plugin: str) -> PluginParts:
        """Return what one plugin adds, without the others."""
        return replace(self, by_plugin={plugin: self.by_plugin[plugin]})

    def owner_of_field(self, root_field: str) -> str:
        """Return whose a root field is that the platform makes: of the plugin whose entity it is about."""
        begun = [name for name in self.by_entity if root_field.startswith(name)]
        return self.by_entity[max(begun, key=len)] if begun else PLATFORM

    def owner_of_type(self, name: str) -> str:
        """Return whose a type is that the platform makes."""
        return self.by_type.get(name) or self.owner_of_field(name[0].lower() + name[1:])

    @property
    def types(self) -> list[type]:
        """The types that nothing else leads to."""
        return [one for part in self.by_plugin.values() for one in part.types]

    def types_of(self, plugin: str) -> list[type]:
        """Return the types that a plugin's part names itself."""
        part = self.by_plugin[plugin]
        roots = (getattr(part, kind) for kind in ROOTS)
        return [*part.types, *(root for root in roots if root is not None)]

    def roots(self, kind: str) -> list[tuple[str, type]]:
        """Return the root types of one kind, each with its plugin."""
        found = ((plugin, getattr(part, kind)) for plugin, part in self.by_plugin.items())
        return [(plugin, root) for plugin, root in found if root is not None]

    def fields(self, kind: str) -> Mapping[str, str]:
        """Return the plugin of each root field of one kind, by the field's name in the API."""
        return {_name(one): plugin for plugin, root in self.roots(kind) for one in _fields(root)}


def merge_parts(kind: str, platform: type | None, parts: PluginParts, description: str = "") -> type | None:
    """Return a root type with the platform's fields and those of all plugins; None where there are none.

    Args:
        kind: "query", "mutation" or "subscription".
        platform: The platform's own type, if there is one.
        parts: What plugins add.
        description: What the type is, where the platform's own does not say it.

    Raises:
        PluginError: Two of them have a field of one name.
    """
    brought = parts.roots(kind)
    if not brought:
        return platform
    owned = [(PLATFORM, platform)] if platform is not None else []
    _check_conflicts(kind, [*owned, *brought], parts)
    bases = tuple(root for _, root in [*owned, *brought])
    name = kind.capitalize()
    if platform is not None:
        description = platform.__strawberry_definition__.description  # type: ignore[attr-defined]  # set by Strawberry
    return strawberry.type(type(name, bases, {"__annotations__": {}}), name=name, description=description)


def _check_conflicts(kind: str, roots: Iterable[tuple[str, type]], parts: PluginParts) -> None:
    owners: dict[str, str] = {}
    for joining, root in roots:
        for one in _fields(root):
            for name in {_name(one), one.python_name}:
                owner = parts.owner_of_field(name) if joining == PLATFORM else joining
                if owners.setdefault(name, owner) != owner:
                    raise PluginError(
                        f"The {kind} {name} is brought by {owners[name]} and by {owner}.",
                        f"Rename it in {owner}, or leave one of the two out with TENURE_PLUGINS_DENY.",
                    )


def _fields(root: type) -> Sequence[StrawberryField]:
    definition = getattr(root, "__strawberry_definition__", None)
    if definition is None:
        raise PluginError(f"{root.__name__} is no Strawberry type.", "Put `@strawberry.type` in front of it.")
    fields: Sequence[StrawberryField] = definition.fields
    return fields


def _name(one: StrawberryField) -> str:
    return NAMES.get_graphql_name(one)


def build_error(error: Exception, parts: PluginParts) -> PluginError:
    """Return what to say of a schema that can't be built; without plugins it always can."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PluginError):
            return cause
        if isinstance(cause, DuplicatedTypeName):
            return _contested(cause, parts)
        cause = cause.__cause__
    plugins = ", ".join(plugin for plugin, part in parts.by_plugin.items() if part != GraphQLParts())
    return UnbuildableError(
        f"The schema can't be built: {type(error).__name__}: {error}.",
        f"Correct the Strawberry types of what brings some: {plugins}.",
    )


def _declared_types(entity: EntityInfo) -> Iterator[str]:
    """Yield the names of the types that an entity declares for its fields."""
    yield from (one.type_name for one in entity.composites)
    yield from (one.scalar_type.name for one in entity.declared_scalars)


def _contested(error: DuplicatedTypeName, parts: PluginParts) -> PluginError:
    reached = {plugin: _reached(parts.types_of(plugin)) for plugin in parts.by_plugin}
    owners = {
        plugin
        for plugin, found in reached.items()
        for one in found
        if isinstance(one, StrawberryUnion) and error.message.startswith(f"Type {one.graphql_name} ")
    }
    for one in (error.first_cls, error.second_cls):
        if one is not None:
            theirs = [plugin for plugin, found in reached.items() if one in found]
            owners.add(theirs[0] if theirs else parts.owner_of_type(one.__name__))
    return PluginError(
        f"{error.message}: it is brought by {' and by '.join(sorted(owners))}.",
        "Rename it with `@strawberry.type(name=...)`; for a type of the platform, use `platform_type`.",
    )


def _reached(roots: list[Any]) -> set[object]:
    """Return the classes and unions that some types lead to, and they themselves."""
    found: set[object] = set()
    waiting = roots
    while waiting:
        one = waiting.pop()
        if isinstance(one, StrawberryContainer):
            waiting.append(one.of_type)
        elif isinstance(one, StrawberryUnion):
            found.add(one)
            waiting += one.types
        elif isinstance(one, StrawberryEnumDefinition):
            found.add(one.wrapped_cls)
        elif has_object_definition(one) and one not in found:
            found.add(one)
            fields = one.__strawberry_definition__.fields
            waiting += [inner for f in fields for inner in (f.type, *(a.type for a in f.arguments))]
    return found
