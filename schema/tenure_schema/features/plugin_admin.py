"""Plugin administration: the plugins as a tenant's administrators see and configure them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.admin_view import (
    PluginStatus,
    PluginView,
    list_personal_fields,
    view_plugins,
)
from tenure_core.plugins.administration.enablement import disable, enable
from tenure_core.plugins.administration.status import resume_change_listener
from tenure_core.plugins.administration.tenant_settings import change_settings, settings_model
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import ActivityKind, EntityClass, Permission, RoleDefinition
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.pending_row import Row
from tenure_schema.features.feature import Feature, FeatureMutation, Outcome, Run, require_admin
from tenure_schema.mutations.mutation import FieldValues, MutationContext
from tenure_schema.types.builder import PlannedField, TypeRegistry, input_field, list_of, output_field
from tenure_schema.types.scalars import Json

PLUGINS_FIELD = "plugins"
NAMES = list[str]

Action = Callable[[TenantConnection, MutationContext, Row], Awaitable[list[UserError]]]
"""Changes a tenant's state of a plugin; raises PluginError if the plugin's state does not allow it."""


def _enablement(change: Callable[[TenantConnection, Host, str, UUID], Awaitable[None]]) -> Action:
    async def run(connection: TenantConnection, context: MutationContext, arguments: Row) -> list[UserError]:
        await change(connection, context.host, str(arguments["name"]), context.actor.tenant_id)
        return []

    return run


async def _update_settings(
    connection: TenantConnection, context: MutationContext, arguments: Row
) -> list[UserError]:
    plugin, settings = context.host[str(arguments["name"])], arguments["settings"]
    if not isinstance(settings, Mapping):
        return [UserError(ErrorCode.INVALID, ("settings",), "must be an object with settings by name")]
    errors = await change_settings(connection, plugin, context.actor.tenant_id, settings)
    return [UserError(error.code, ("settings", *error.path), error.message) for error in errors]


async def _resume(connection: TenantConnection, context: MutationContext, arguments: Row) -> list[UserError]:
    name = context.host[str(arguments["name"])].name
    await resume_change_listener(connection, name, context.actor.tenant_id)
    return []


def _run(action: Action) -> Run:
    """Return the function that executes an action and then reads the plugin."""

    async def run(connection: TenantConnection, context: MutationContext, arguments: Row) -> Outcome:
        try:
            errors = await action(connection, context, arguments)
        except PluginError as error:
            errors = [UserError(ErrorCode.INVALID, ("name",), str(error))]
        views = await view_plugins(connection, context.host, context.actor.tenant_id)
        view = next((view for view in views if view.name == arguments["name"]), None)
        return _render_view(view, context.catalog) if view else None, errors

    return run


def _authorize(context: MutationContext, arguments: Row) -> None:
    require_admin(context.actor, "manage plugins")


def _mutation(
    name: str, description: str, action: Action, *, changes_access: bool = False
) -> FeatureMutation:
    description = f"{description} Requires the role admin."
    return FeatureMutation(
        name, description, "plugin", _authorize, _run(action), changes_access=changes_access
    )


SETTINGS_UPDATE = _mutation(
    "pluginSettingsUpdate", "Updates the tenant's settings of a plugin.", _update_settings
)
MUTATIONS = (
    _mutation(
        "pluginEnable",
        "Enables a plugin for the tenant: its fields become accessible and its background work starts.",
        _enablement(enable),
        changes_access=True,
    ),
    _mutation(
        "pluginDisable",
        "Disables a plugin for the tenant. Its records are kept, and become accessible again when it is "
        "enabled again.",
        _enablement(disable),
        changes_access=True,
    ),
    SETTINGS_UPDATE,
    _mutation(
        "pluginChangeListenerResume",
        "Resumes a plugin's change listener that is paused after repeated failures: it retries the changes "
        "that failed, or continues with new changes if those have expired.",
        _resume,
    ),
)


async def _resolve_plugins(field: SelectedField, host: Host, database: Database, actor: Actor) -> object:
    require_admin(actor, "manage plugins")
    async with database.tenant_connection(actor.tenant_id) as connection:
        views = await view_plugins(connection, host, actor.tenant_id)
    return [_render_view(view, host.catalog) for view in views]


def _render_view(view: PluginView, catalog: Catalog) -> FieldValues:
    return {
        TYPE_NAME: "Plugin",
        "name": view.name,
        "status": view.status.value,
        "enabled": view.enabled,
        "problems": list(view.problems),
        "lag": view.lag,
        "settings": view.settings,
        **(_render_registrations(view.loaded, catalog) if view.loaded else NO_REGISTRATIONS),
    }


NO_REGISTRATIONS: Mapping[str, Any] = {
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
"""The values of a plugin that is not loaded."""


def _render_registrations(plugin: LoadedPlugin, catalog: Catalog) -> FieldValues:
    return {
        "version": plugin.manifest.version,
        "description": plugin.manifest.doc,
        "requires": list(plugin.manifest.requires),
        "settingsSchema": settings_model(plugin).model_json_schema(),
        "entities": [item.entity.__name__ for item in plugin.registrations(EntityClass)],
        "activityKinds": [kind.name for kind in plugin.registrations(ActivityKind)],
        "permissions": [
            {TYPE_NAME: "PluginPermission", "name": permission.name, "description": permission.doc}
            for permission in plugin.registrations(Permission)
        ],
        "roles": [_render_role(role) for role in plugin.registrations(RoleDefinition)],
        "personalData": list(list_personal_fields(plugin, catalog)),
    }


def _render_role(role: RoleDefinition) -> FieldValues:
    return {
        TYPE_NAME: "PluginRole",
        "name": role.name,
        "description": role.doc,
        "reads": [entity.__name__ for entity in role.reads],
        "writes": [entity.__name__ for entity in role.writes],
        "permissions": list(role.permissions),
    }


def _define_types(types: TypeRegistry) -> None:
    plugin = _define_plugin(types)
    name = input_field("name", str, "Name of the plugin.", required=True)
    settings = input_field(
        "settings",
        Json,
        "An object with settings by name. Omitted settings keep their values; null resets a setting to its "
        "default; the asterisks of a redacted secret leave the secret unchanged.",
        required=True,
    )
    description = "The plugin after the mutation; null if no plugin has this name."
    for mutation in MUTATIONS:
        fields = [name, settings] if mutation is SETTINGS_UPDATE else [name]
        mutation.define_types(types, fields, plugin, description)


def _define_plugin(types: TypeRegistry) -> type:
    statuses = {
        PluginStatus.LOADED: "The plugin is loaded.",
        PluginStatus.SKIPPED: "The plugin, or a plugin that it requires, failed at startup.",
        PluginStatus.MISSING: "The tenant has enabled the plugin, but it is not installed on this server.",
    }
    status = types.enum("PluginStatus", "State of a plugin since the server started.", statuses)
    return types.object(
        "Plugin",
        "A plugin, with its state in this tenant.",
        [
            output_field("name", str, "Name of the plugin."),
            output_field("version", str | None, "Version; null if the plugin is not loaded."),
            output_field("description", str | None, "Purpose; null if the plugin is not loaded."),
            output_field("status", status, "State since the server started."),
            output_field("enabled", bool, "Whether the plugin is enabled for this tenant."),
            output_field(
                "problems", NAMES, "Current problems, each with a solution; empty if there are none."
            ),
            output_field(
                "lag",
                int | None,
                "Number of changes that the plugin's change listener has not processed yet, counted up to "
                "100,000. Null if the plugin has no change listener, or the next changes have expired.",
            ),
            output_field("requires", NAMES, "Names of the plugins that this plugin requires."),
            output_field(
                "settings",
                Json | None,
                "The tenant's settings by name, with secrets as asterisks. Null if the plugin is not loaded "
                "or the stored settings are not valid.",
            ),
            output_field(
                "settingsSchema",
                Json | None,
                "JSON Schema of the settings; null if the plugin is not loaded.",
            ),
            output_field("entities", NAMES, "Names of the entities that the plugin adds."),
            output_field("activityKinds", NAMES, "Values that the plugin adds to ActivityKind."),
            output_field("permissions", list_of(_define_permission(types)), "Permissions that it defines."),
            output_field("roles", list_of(_define_role(types)), "Roles for API keys that it defines."),
            output_field("personalData", NAMES, "Fields that contain personal data, such as Visit.driver."),
        ],
    )


def _define_permission(types: TypeRegistry) -> type:
    return types.object(
        "PluginPermission",
        "A permission that a plugin's own operations require.",
        [
            output_field("name", str, "Name, such as fleet.drive."),
            output_field("description", str, "What the permission allows."),
        ],
    )


def _define_role(types: TypeRegistry) -> type:
    return types.object(
        "PluginRole",
        "A role for API keys that a plugin defines.",
        [
            output_field("name", str, "Name of the role."),
            output_field("description", str, "Who the role is for."),
            output_field("reads", NAMES, "Names of the entities that the role can read."),
            output_field("writes", NAMES, "Names of the entities that the role can read and write."),
            output_field("permissions", NAMES, "Names of the permissions that the role has."),
        ],
    )


def _query_fields(types: TypeRegistry) -> list[PlannedField]:
    description = (
        "The plugins of this server, and those that the tenant has enabled but this server does not have. "
        "Requires the role admin."
    )
    return [output_field(PLUGINS_FIELD, list_of(types["Plugin"]), description)]


PLUGIN_ADMIN = Feature(
    define_types=_define_types,
    query_fields=_query_fields,
    resolvers={PLUGINS_FIELD: _resolve_plugins},
    mutations=MUTATIONS,
)
