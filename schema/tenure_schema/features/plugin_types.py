"""Plugin types: what the API shows of plugins to administrators, and what it takes from them."""

from __future__ import annotations

from tenure_core.plugins.administration.admin_view import PluginStatus
from tenure_schema.types.builder import TypeRegistry, list_of, output_field
from tenure_schema.types.scalars import Json

NAMES = list[str]


def define_types(types: TypeRegistry) -> type:
    """Define the type of a plugin and those that it leads to, and return it."""
    status = types.enum(
        "PluginStatus",
        "What became of a plugin at the start: LOADED; SKIPPED, because it or one that it requires failed; "
        "MISSING, because it is not installed here.",
        PluginStatus,
    )
    return types.object(
        "Plugin",
        "A plugin, as this tenant has it.",
        [
            output_field("name", str, "Its name."),
            output_field("version", str | None, "Its version; null where it is not loaded."),
            output_field("description", str | None, "What it is for; null where it is not loaded."),
            output_field("status", status, "What became of it at the start."),
            output_field("enabled", bool, "Whether this tenant uses it."),
            output_field("problems", NAMES, "What is wrong with it, and what to do."),
            output_field(
                "lag",
                int | None,
                "How many changes it has not heard of yet: 100,000 stands for more. Null where it hears of "
                "none, or those that come next are no longer kept.",
            ),
            output_field("requires", NAMES, "The names of the plugins that it can't do without."),
            output_field("settings", Json | None, "This tenant's settings; asterisks stand for secrets."),
            output_field("settingsSchema", Json | None, "The JSON schema of its settings."),
            output_field("entities", NAMES, "The names of the entities that it brings."),
            output_field("activityKinds", NAMES, "The kinds of activity that it adds."),
            output_field("permissions", list_of(_permission(types)), "What its own code asks for."),
            output_field("roles", list_of(_role(types)), "The roles for API keys that it brings."),
            output_field("personalData", NAMES, "Its fields that tell something of a person."),
        ],
    )


def _permission(types: TypeRegistry) -> type:
    return types.object(
        "PluginPermission",
        "Something that not everybody may do.",
        [output_field("name", str, "Its name."), output_field("description", str, "What it allows.")],
    )


def _role(types: TypeRegistry) -> type:
    return types.object(
        "PluginRole",
        "A role that API keys can have.",
        [
            output_field("name", str, "Its name."),
            output_field("description", str, "Whom it is for."),
            output_field("reads", NAMES, "The names of the entities that it may read."),
            output_field("writes", NAMES, "The names of the entities that it may read and write."),
            output_field("permissions", NAMES, "The names of the permissions that it has."),
        ],
    )
