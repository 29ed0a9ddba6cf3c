"""What a plugin brings: asked for once, and held to its form before anybody uses it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Entity
from tenure_core.errors import PluginError
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.plugin import LoadedPlugin, NoSettings, call_hook
from tenure_core.plugins.registrations import GraphQLParts, Job, Permission, RoleDefinition

ACTIVITY_KIND = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
ROLE = re.compile(r"[a-z][a-z0-9_-]{0,59}")


def collect_registrations(manifest: Manifest, hooks: object) -> LoadedPlugin:
    """Ask a plugin for all that it brings to the start.

    Raises:
        PluginError: One of its hooks returns what it may not.
    """
    computed = _listed(hooks, "register_computed_fields", ComputedColumn, BatchField)
    rights = _listed(hooks, "register_roles", Permission, RoleDefinition)
    return LoadedPlugin(
        manifest=manifest,
        hooks=hooks,
        entities=_entities(hooks),
        computed_columns=tuple(one for one in computed if isinstance(one, ComputedColumn)),
        computed_fields=tuple(one for one in computed if isinstance(one, BatchField)),
        graphql=_graphql(hooks),
        activity_kinds=_activity_kinds(hooks),
        permissions=_permissions(manifest.name, rights),
        roles=_roles(rights),
        settings=_settings(hooks),
        jobs=_listed(hooks, "register_jobs", Job),
        routes=tuple(_items("register_routes", call_hook(hooks, "register_routes"))),
    )


def _items(hook: str, returned: object) -> Iterable[Any]:
    if returned is None:
        return ()
    if isinstance(returned, str | bytes) or not isinstance(returned, Iterable):
        raise PluginError(f"Its {hook} returns {returned!r}.", "Return a list, also of one thing.")
    return returned


def _listed(hooks: object, hook: str, *sorts: type) -> tuple[Any, ...]:
    """Return what a hook lists, each of one of the given sorts."""
    found = tuple(_items(hook, call_hook(hooks, hook)))
    for one in found:
        if not isinstance(one, sorts):
            _refuse(hook, one, f"List objects of {' or '.join(sort.__name__ for sort in sorts)}.")
    return found


def _refuse(hook: str, one: object, hint: str) -> NoReturn:
    raise PluginError(f"Its {hook} lists {one!r}.", hint)


def _entities(hooks: object) -> tuple[type[Entity], ...]:
    hook = "register_entities"
    found = tuple(_items(hook, call_hook(hooks, hook)))
    for one in found:
        if not (isinstance(one, type) and issubclass(one, Entity)):
            _refuse(hook, one, "List classes that are derived from Entity.")
    return found


def _activity_kinds(hooks: object) -> tuple[str, ...]:
    hook = "register_activity_kinds"
    found: tuple[str, ...] = _listed(hooks, hook, str)
    for one in found:
        if not ACTIVITY_KIND.fullmatch(one):
            _refuse(hook, one, 'Write kinds in capital letters, such as "SERVICE_VISIT".')
    return found


def _permissions(plugin: str, rights: Iterable[Permission | RoleDefinition]) -> tuple[Permission, ...]:
    found = tuple(one for one in rights if isinstance(one, Permission))
    for one in found:
        if not one.name.startswith(f"{plugin}."):
            _refuse("register_roles", one.name, f'Call it "{plugin}.{one.name.rpartition(".")[2]}".')
    return found


def _roles(rights: Iterable[Permission | RoleDefinition]) -> tuple[RoleDefinition, ...]:
    found = tuple(one for one in rights if isinstance(one, RoleDefinition))
    for one in found:
        if not ROLE.fullmatch(one.name):
            _refuse("register_roles", one.name, 'Write roles in small letters, such as "technician".')
    return found


def _graphql(hooks: object) -> GraphQLParts:
    parts = call_hook(hooks, "register_graphql")
    if parts is not None and not isinstance(parts, GraphQLParts):
        raise PluginError(f"Its register_graphql returns {parts!r}.", "Return GraphQLParts(...).")
    return parts or GraphQLParts()


def _settings(hooks: object) -> type[BaseModel]:
    model = call_hook(hooks, "register_settings")
    if model is None:
        return NoSettings
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise PluginError(
            f"Its register_settings returns {model!r}.", "Return a class derived from pydantic.BaseModel."
        )
    _refuse_twice([field.alias or name for name, field in model.model_fields.items()])
    try:
        model()
    except ValidationError as error:
        wanting = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise PluginError(
            f"Its settings {wanting} have no default that fits.",
            "Give each setting one: a tenant that sets nothing has the defaults.",
        ) from None
    return model


def _refuse_twice(settings: Iterable[str]) -> None:
    for name, times in Counter(settings).items():
        if times > 1:
            raise PluginError(f"Two of its settings are called {name}.", "Rename one.")
