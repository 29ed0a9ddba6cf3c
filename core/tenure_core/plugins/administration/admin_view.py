"""The plugins of a server as an administrator of a tenant sees them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.administration.status import PluginProblems, find_problems
from tenure_core.plugins.administration.tenant_settings import read_settings, redact
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import EntityClass
from tenure_core.postgres.database import TenantConnection


class PluginStatus(StrEnum):
    """LOADED, SKIPPED because it failed at startup, or MISSING because it is not installed or not allowed."""

    LOADED = "LOADED"
    SKIPPED = "SKIPPED"
    MISSING = "MISSING"


@dataclass(frozen=True)
class PluginView:
    """A plugin in a tenant.

    Args:
        name: The name.
        status: Whether the plugin is loaded.
        enabled: Whether the tenant has enabled it.
        problems: The current problems, one or two sentences each.
        lag: The number of undelivered changes; None without a change listener.
        settings: The tenant's settings, with secrets redacted; None if they cannot be read.
        loaded: The plugin; None if it is not loaded.
    """

    name: str
    status: PluginStatus
    enabled: bool
    problems: tuple[str, ...] = ()
    lag: int | None = None
    settings: dict[str, Any] | None = None
    loaded: LoadedPlugin | None = None


async def view_plugins(connection: TenantConnection, host: Host, tenant_id: uuid.UUID) -> list[PluginView]:
    """Return the loaded plugins, the skipped plugins, and the enabled plugins that are missing.

    Built-in plugins are not included.

    Args:
        connection: A connection that is bound to the tenant.
        host: The plugins of this process.
        tenant_id: The tenant.
    """
    enabled = await enabled_plugins(connection, tenant_id)
    problems = await find_problems(connection, tenant_id)
    views = [
        await _view_loaded(
            connection, plugin, tenant_id, plugin.name in enabled, problems.get(plugin.name, PluginProblems())
        )
        for plugin in host.plugins
    ]
    for failed in host.failed:
        problem = (f"It was skipped at startup: {failed.reason}",)
        views.append(PluginView(failed.name, PluginStatus.SKIPPED, failed.name in enabled, problem))
    missing = enabled - {view.name for view in views} - {plugin.name for plugin in host.built_in}
    return [*views, *map(_view_missing, sorted(missing))]


def _view_missing(name: str) -> PluginView:
    problem = "It is enabled, but not loaded by this server: install it, or disable it."
    return PluginView(name, PluginStatus.MISSING, True, (problem,))


async def _view_loaded(
    connection: TenantConnection,
    plugin: LoadedPlugin,
    tenant_id: uuid.UUID,
    enabled: bool,
    background: PluginProblems,
) -> PluginView:
    settings: dict[str, Any] | None = None
    problems = background.problems
    try:
        settings = redact(await read_settings(connection, plugin, tenant_id))
    except PluginError as error:
        problems = (*problems, str(error))
    return PluginView(plugin.name, PluginStatus.LOADED, enabled, problems, background.lag, settings, plugin)


def list_personal_fields(plugin: LoadedPlugin, catalog: Catalog) -> Iterator[str]:
    """Yield the fields of a plugin's entities that contain personal data, such as "Visit.driver"."""
    for registration in plugin.registrations(EntityClass):
        info = catalog[registration.entity.__name__]
        yield from (f"{info.name}.{field.name}" for field in info.personal_fields)
