"""Loaded plugins: what each one brings, asked once and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pluggy
from pydantic import BaseModel

from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Entity
from tenure_core.plugins import hookspecs
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.registrations import GraphQLParts, Job, Permission, RoleDefinition


@dataclass(frozen=True, eq=False)
class LoadedPlugin:
    """A plugin with all that it brings.

    Args:
        manifest: Who it is.
        hooks: The module or object that holds its hooks.
        entities: Its entities.
        computed_columns: The fields that PostgreSQL computes for it.
        computed_fields: The fields that its code computes.
        graphql: Its own part of the schema.
        activity_kinds: The kinds of activity that it adds.
        permissions: The permissions that its code asks for.
        roles: The roles that it brings.
        settings: The model of its settings.
        jobs: What it does again and again.
        routes: Its routes below `/plugins/NAME`.
    """

    manifest: Manifest
    hooks: object
    entities: tuple[type[Entity], ...]
    computed_columns: tuple[ComputedColumn, ...]
    computed_fields: tuple[BatchField, ...]
    graphql: GraphQLParts
    activity_kinds: tuple[str, ...]
    permissions: tuple[Permission, ...]
    roles: tuple[RoleDefinition, ...]
    settings: type[BaseModel]
    jobs: tuple[Job, ...]
    routes: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.manifest.name

    @property
    def computed(self) -> tuple[ComputedColumn | BatchField, ...]:
        """The fields that it computes, either way."""
        return (*self.computed_columns, *self.computed_fields)


class NoSettings(BaseModel):
    """The settings of a plugin that has none."""


def new_manager() -> pluggy.PluginManager:
    """Return a manager that knows Tenure's hooks, and no plugin yet."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def hook_caller(hooks: object, hook: str) -> Callable[..., Any] | None:
    """Return what calls a hook of one plugin, with arguments by name; None where it does not implement it."""
    manager = new_manager()
    manager.register(hooks)
    every = getattr(manager.hook, hook)

    def call(**arguments: object) -> Any:  # noqa: ANN401  # each hook has a type of its own
        results = every(**arguments)
        return results[0] if results else None

    return call if every.get_hookimpls() else None


def call_hook(hooks: object, hook: str, **arguments: object) -> Any:  # noqa: ANN401  # each hook has a type of its own
    """Call a hook of one plugin, and return its result; None where the plugin does not implement it."""
    call = hook_caller(hooks, hook)
    return call(**arguments) if call else None


def implements(hooks: object, hook: str) -> bool:
    """Return whether a plugin implements a hook."""
    return hook_caller(hooks, hook) is not None
