"""`tenure plugin show`: shows what a plugin registers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from tenure_sdk.cli.plugin.arguments import PluginName

if TYPE_CHECKING:
    from tenure_core.plugins.host import Host
    from tenure_core.plugins.plugin import LoadedPlugin


def show_plugin(name: PluginName) -> None:
    """Show what a plugin registers.

    Lists entities, fields, root fields, roles, settings, jobs, routes and personal data. Needs no database.

    \b
    Example:
      tenure plugin show manufacturing
    """
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings

    host = load_host(load_settings())
    plugin = host[name]
    typer.echo(f"{name} {plugin.manifest.version}, for Tenure {plugin.manifest.tenure}")
    typer.echo(plugin.manifest.doc)
    for title, lines in _list_sections(plugin, host):
        if lines:
            typer.echo("\n    ".join([f"\n{title}", *lines]))


def _list_sections(plugin: LoadedPlugin, host: Host) -> Iterator[tuple[str, list[str]]]:
    """Yield the titles and lines of the output."""
    from tenure_core.plugins import registrations as reg
    from tenure_core.plugins.administration.admin_view import list_personal_fields

    yield "Requires", list(plugin.manifest.requires)
    yield "Loads after", list(plugin.manifest.after)
    entities = [item.entity for item in plugin.registrations(reg.EntityClass)]
    yield "Entities", [_describe(entity.__name__, entity.__doc__) for entity in entities]
    fields = [item.field for item in plugin.registrations(reg.ComputedField)]
    yield "Computed fields", [_describe(f"{f.entity.__name__}.{f.name}", f.doc) for f in fields]
    yield from _list_root_fields(plugin.name, host)
    yield "Activity kinds", [item.name for item in plugin.registrations(reg.ActivityKind)]
    yield "Permissions", [_describe(item.name, item.doc) for item in plugin.registrations(reg.Permission)]
    yield "Roles", [_describe(item.name, item.doc) for item in plugin.registrations(reg.RoleDefinition)]
    yield "Settings", _list_settings(plugin)
    jobs = plugin.registrations(reg.ScheduledJob)
    yield "Jobs", [_describe(f"{job.name} ({job.cron or job.every})", job.doc) for job in jobs]
    routes = [item.route for item in plugin.registrations(reg.PluginRoute)]
    yield "Routes", [f"/plugins/{plugin.name}{route.path}" for route in routes]
    yield "Personal data", list(list_personal_fields(plugin, host.catalog))


def _list_settings(plugin: LoadedPlugin) -> list[str]:
    from tenure_core.plugins.registrations import SettingsModel

    settings = plugin.registration(SettingsModel)
    fields = settings.model.model_fields if settings else {}
    return [_describe(field.alias or name, field.description) for name, field in fields.items()]


def _list_root_fields(name: str, host: Host) -> Iterator[tuple[str, list[str]]]:
    """Yield the root fields that the plugin resolves itself, by operation type."""
    from tenure_schema.plugins.schema_parts import ROOTS, PluginParts

    parts = PluginParts.of(host)
    for operation in ROOTS:
        fields = [field for field, owner in parts.fields(operation).items() if owner == name]
        yield f"Root fields with resolvers: {operation}", fields


def _describe(name: str, doc: str | None) -> str:
    """Return a name with the first line of its documentation."""
    [first, *_] = (doc or "").strip().splitlines() or [""]
    return f"{name}: {first}" if first else name
