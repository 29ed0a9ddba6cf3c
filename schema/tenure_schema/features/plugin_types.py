"""Plugin types: what the API shows of plugins to administrators, and what it takes from them."""

from __future__ import annotations

from tenure_core.plugins.administration.overview import PluginStatus
from tenure_schema.types.builder import Types, list_of, output
from tenure_schema.types.scalars import Json

NAMES = list[str]


def define_plugins(types: Types) -> type:
    """Define the type of a plugin and those that it leads to, and return it."""
    status = types.enum(
        "PluginStatus",
        "What became of a plugin at the start: LOADED; LEFT_OUT, because it or one that it requires failed; "
        "MISSING, because it is not installed here.",
        PluginStatus,
    )
    return types.object(
        "Plugin",
        "A plugin, as this tenant has it.",
        [
            output("name", str, "Its name."),
            output("version", str | None, "Its version; null where it is not loaded."),
            output("description", str | None, "What it is for; null where it is not loaded."),
            output("status", status, "What became of it at the start."),
            output("enabled", bool, "Whether this tenant uses it."),
            output("problems", NAMES, "What is wrong with it, and what to do."),
            output(
                "lag",
                int | None,
                "How many changes it has not heard of yet: 100,000 stands for more. Null where it hears of "
                "none, or those that come next are no longer kept.",
            ),
            output("requires", NAMES, "The names of the plugins that it can't do without."),
            output("settings", Json | None, "This tenant's settings; asterisks stand for secrets."),
            output("settingsSchema", Json | None, "The JSON schema of its settings."),
            output("entities", NAMES, "The names of the entities that it brings."),
            output("activityKinds", NAMES, "The kinds of activity that it adds."),
            output("permissions", list_of(_permission(types)), "What its own code asks for."),
            output("roles", list_of(_role(types)), "The roles for API keys that it brings."),
            output("personalData", NAMES, "Its fields that tell something of a person."),
        ],
    )


def _permission(types: Types) -> type:
    return types.object(
        "PluginPermission",
        "Something that not everybody may do.",
        [output("name", str, "Its name."), output("description", str, "What it allows.")],
    )


def _role(types: Types) -> type:
    return types.object(
        "PluginRole",
        "A role that API keys can have.",
        [
            output("name", str, "Its name."),
            output("description", str, "Whom it is for."),
            output("reads", NAMES, "The names of the entities that it may read."),
            output("writes", NAMES, "The names of the entities that it may read and write."),
            output("permissions", NAMES, "The names of the permissions that it has."),
        ],
    )
