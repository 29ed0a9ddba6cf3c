"""Rejects names that are used twice: by two plugins, by one plugin twice, or by a plugin and the core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenure_core.access.identity import Role
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.errors import PluginError
from tenure_core.plugins.loading.reserved_names import list_entity_names
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registration import ReservedName

CORE = "Tenure itself"

PLATFORM_TABLES = (
    "tenant",
    "api_key",
    "external_ref",
    "idempotency_record",
    "field_owner",
    "change",
    "change_default",
    "change_horizon",
    "tenant_plugin",
    "change_listener",
    "plugin_job",
    "alembic_version",
)
"""The tables of the core that are not tables of entities."""


def check_name_conflicts(plugins: Iterable[LoadedPlugin]) -> None:
    """Check that no name is used twice.

    Raises:
        PluginError: A name is used twice; the message names both owners.
    """
    owners: dict[tuple[str, str], tuple[str, object]] = {}
    for owner, reserved in _list_reserved_names(plugins):
        first_owner, value = owners.setdefault((reserved.kind, reserved.name), (owner, reserved.value))
        if value is not reserved.value and value != reserved.value:
            raise _conflict_error(reserved, first_owner, owner)


def _conflict_error(reserved: ReservedName, first: str, second: str) -> PluginError:
    if first == second:
        return PluginError(
            f"The plugin {first} registers the {reserved.kind} {reserved.name} twice.", "Rename one of them."
        )
    return PluginError(
        f"The {reserved.kind} {reserved.name} is registered by {first} and by {second}.",
        f"Rename it in {second}, or exclude one of the two plugins with TENURE_PLUGINS_DENY.",
    )


def _list_reserved_names(plugins: Iterable[LoadedPlugin]) -> Iterator[tuple[str, ReservedName]]:
    """Yield each reserved name with its owner."""
    yield from ((CORE, name) for name in _list_core_names())
    for plugin in plugins:
        yield plugin.name, ReservedName("plugin", plugin.name)
        for registration in plugin.collect_startup_registrations():
            yield from ((plugin.name, name) for name in registration.reserved_names(plugin.name))


def _list_core_names() -> Iterator[ReservedName]:
    for entity in CORE_ENTITIES:
        yield from list_entity_names(entity)
    yield from (ReservedName("table", name) for name in PLATFORM_TABLES)
    yield from (ReservedName("activity kind", kind) for kind in ACTIVITY_KINDS)
    yield from (ReservedName("role", role.value) for role in Role)
