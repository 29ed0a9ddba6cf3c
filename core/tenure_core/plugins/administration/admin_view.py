"""Overview: the plugins of a server, as an administrator of one tenant sees them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.administration.status import PluginProblems, find_problems
from tenure_core.plugins.administration.tenant_settings import read_settings, redact
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import TenantConnection


class PluginStatus(StrEnum):
    """What became of a plugin at the start: it was LOADED, it was SKIPPED, or it is MISSING altogether."""

    LOADED = "LOADED"
    SKIPPED = "SKIPPED"
    MISSING = "MISSING"


@dataclass(frozen=True)
class PluginView:
    """A plugin, as a tenant has it.

    Args:
        name: Its name.
        status: What became of it at the start.
        enabled: Whether the tenant has enabled it.
        problems: What is wrong with it, a sentence or two each.
        lag: How many changes it has not heard of yet; None where it is not told of any.
        settings: The tenant's settings, secrets hidden; None where they can't be read.
        loaded: All that it brings; None where it is not loaded.
    """

    name: str
    status: PluginStatus
    enabled: bool
    problems: tuple[str, ...] = ()
    lag: int | None = None
    settings: dict[str, Any] | None = None
    loaded: LoadedPlugin | None = None


async def view_plugins(connection: TenantConnection, host: Host, tenant_id: uuid.UUID) -> list[PluginView]:
    """Return the plugins that are loaded, those that were left out, and those that the tenant misses.

    Args:
        connection: Bound to the tenant.
        host: The plugins of this process.
        tenant_id: Whose view it is.
    """
    enabled = await enabled_plugins(connection, tenant_id)
    known = await find_problems(connection, tenant_id)
    found = [
        await _loaded(
            connection, plugin, tenant_id, plugin.name in enabled, known.get(plugin.name, PluginProblems())
        )
        for plugin in host.plugins
    ]
    for failed in host.failed:
        reason = (f"It was left out at the start: {failed.reason}",)
        found.append(PluginView(failed.name, PluginStatus.SKIPPED, failed.name in enabled, reason))
    missing = ("The tenant has enabled it, and this server does not have it: install it, or disable it.",)
    gone = enabled - {one.name for one in found}
    return [*found, *(PluginView(name, PluginStatus.MISSING, True, missing) for name in sorted(gone))]


async def _loaded(
    connection: TenantConnection,
    plugin: LoadedPlugin,
    tenant_id: uuid.UUID,
    enabled: bool,
    fares: PluginProblems,
) -> PluginView:
    settings: BaseModel | None = None
    problems = fares.problems
    try:
        settings = await read_settings(connection, plugin, tenant_id)
    except PluginError as error:
        problems = (*problems, str(error))
    return PluginView(
        plugin.name,
        PluginStatus.LOADED,
        enabled,
        problems,
        fares.lag,
        redact(settings) if settings is not None else None,
        plugin,
    )


def personal_data(plugin: LoadedPlugin, catalog: Catalog) -> Iterator[str]:
    """Yield the fields of a plugin's entities that tell something of a person, such as "Visit.driver"."""
    for entity in plugin.entities:
        info = catalog[entity.__name__]
        yield from (f"{info.name}.{field.name}" for field in info.personal_fields)


def settings_schema(plugin: LoadedPlugin) -> dict[str, Any]:
    """Return the JSON schema of a plugin's settings."""
    return plugin.settings.model_json_schema()


def names(classes: Iterable[type]) -> list[str]:
    """Return the names of entities."""
    return [one.__name__ for one in classes]
