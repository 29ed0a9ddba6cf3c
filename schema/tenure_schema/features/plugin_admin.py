"""Plugins: what administrators see of them, and the mutations by which they enable and set them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import ForbiddenError, PluginError
from tenure_core.plugins.administration.admin_view import (
    PluginView,
    names,
    personal_data,
    settings_schema,
    view_plugins,
)
from tenure_core.plugins.administration.enablement import disable, enable
from tenure_core.plugins.administration.status import resume_subscription
from tenure_core.plugins.administration.tenant_settings import change_settings
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import RoleDefinition
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import SelectedField
from tenure_core.write.results import ErrorCode, RowPath, UserError
from tenure_schema.mutations.rendering import select_fields, user_errors
from tenure_schema.mutations.runner import MutationContext, MutationResult, input_of, refusal
from tenure_schema.operations.lowering import TYPE_NAME

PLUGINS = "plugins"
"""The root field that lists the plugins."""

Sent = Mapping[str, object]


async def _enable(connection: TenantConnection, call: MutationContext, sent: Sent) -> list[UserError]:
    await enable(connection, call.coder.host, str(sent["name"]), call.actor.tenant_id)
    return []


async def _disable(connection: TenantConnection, call: MutationContext, sent: Sent) -> list[UserError]:
    await disable(connection, call.coder.host, str(sent["name"]), call.actor.tenant_id)
    return []


async def _set(connection: TenantConnection, call: MutationContext, sent: Sent) -> list[UserError]:
    plugin, settings = call.coder.host[str(sent["name"])], sent["settings"]
    if not isinstance(settings, Mapping):
        message = "expected an object with settings by their names"
        return [UserError(ErrorCode.INVALID, ("settings",), message)]
    errors = await change_settings(connection, plugin, call.actor.tenant_id, settings)
    return [UserError(one.code, ("settings", *one.path), one.message) for one in errors]


async def _resume(connection: TenantConnection, call: MutationContext, sent: Sent) -> list[UserError]:
    await resume_subscription(connection, call.coder.host[str(sent["name"])].name, call.actor.tenant_id)
    return []


@dataclass(frozen=True, slots=True)
class PluginMutation:
    """A change of what a tenant has of a plugin.

    Args:
        verb: What stands behind "plugin" in its name.
        description: What it does, for people.
        work: What does it, and returns what is wrong.
    """

    verb: str
    description: str
    work: Callable[[TenantConnection, MutationContext, Sent], Awaitable[list[UserError]]]

    @property
    def name(self) -> str:
        """Its name in the API, such as pluginEnable."""
        return f"plugin{self.verb}"

    @property
    def payload(self) -> str:
        """The name of its payload's type."""
        return f"Plugin{self.verb}Payload"

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse everybody but administrators."""
        _refuse_others(call.actor)

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Change it, and show the plugin as it is then."""
        given = input_of(field)
        try:
            errors = await self.work(connection, call, given)
        except PluginError as error:
            errors = [_refused(error, ("name",))]
        found = await view_plugins(connection, call.coder.host, call.actor.tenant_id)
        views = [view for view in found if view.name == given["name"]]
        shown = _shown(views[0], call.catalog) if views else None
        return MutationResult({"plugin": shown, "userErrors": user_errors(errors)}, not errors)

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""
        return refusal(errors, plugin=None)


MUTATIONS = (
    PluginMutation("Enable", "Lets the tenant use a plugin.", _enable),
    PluginMutation("Disable", "Lets the tenant no longer use a plugin; its records are kept.", _disable),
    PluginMutation("SettingsUpdate", "Changes some of the tenant's settings of a plugin.", _set),
    PluginMutation("Resume", "Tells a plugin of changes again, where it failed and was parked.", _resume),
)
"""The mutations about plugins."""

ENABLEMENT = frozenset(("pluginEnable", "pluginDisable"))
"""Those that change what the keys of a tenant open."""


async def resolve_plugins(field: SelectedField, host: Host, database: Database, actor: Actor) -> object:
    """Return the plugins as the actor's tenant has them.

    Raises:
        ForbiddenError: The actor is no administrator.
    """
    _refuse_others(actor)
    async with database.tenant_connection(actor.tenant_id) as connection:
        found = await view_plugins(connection, host, actor.tenant_id)
    return select_fields([_shown(view, host.catalog) for view in found], field.fields)


def _refuse_others(actor: Actor) -> None:
    if actor.role != Role.ADMIN:
        raise ForbiddenError(
            f"The role {actor.role} may not look after plugins.", "Use a key with the role admin."
        )


def _refused(error: PluginError, path: RowPath) -> UserError:
    return UserError(ErrorCode.INVALID, path, str(error))


def _shown(view: PluginView, catalog: Catalog) -> dict[str, Any]:
    brought = _brought(view.loaded, catalog) if view.loaded else NOTHING_BROUGHT
    return {
        TYPE_NAME: "Plugin",
        "name": view.name,
        "status": view.status.value,
        "enabled": view.enabled,
        "problems": list(view.problems),
        "lag": view.lag,
        "settings": view.settings,
        **brought,
    }


NOTHING_BROUGHT: Mapping[str, Any] = {
    "version": None,
    "description": None,
    "requires": [],
    "settingsSchema": None,
    "entities": [],
    "activityKinds": [],
    "permissions": [],
    "roles": [],
    "personalData": [],
}


def _brought(plugin: LoadedPlugin, catalog: Catalog) -> Mapping[str, Any]:
    return {
        "version": plugin.manifest.version,
        "description": plugin.manifest.doc,
        "requires": list(plugin.manifest.requires),
        "settingsSchema": settings_schema(plugin),
        "entities": names(plugin.entities),
        "activityKinds": list(plugin.activity_kinds),
        "permissions": [
            {TYPE_NAME: "PluginPermission", "name": one.name, "description": one.doc}
            for one in plugin.permissions
        ],
        "roles": [_role(role) for role in plugin.roles],
        "personalData": list(personal_data(plugin, catalog)),
    }


def _role(role: RoleDefinition) -> Mapping[str, Any]:
    return {
        TYPE_NAME: "PluginRole",
        "name": role.name,
        "description": role.doc,
        "reads": names(role.reads),
        "writes": names(role.writes),
        "permissions": list(role.permissions),
    }
