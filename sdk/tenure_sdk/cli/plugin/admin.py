"""`tenure plugin list`, `show`, `enable`, `disable` and `set`."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import typer

from tenure_core.access.api_keys import find_tenant
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.administration.admin_view import PluginView, personal_data, view_plugins
from tenure_core.plugins.administration.enablement import disable, enable
from tenure_core.plugins.administration.tenant_settings import change_settings
from tenure_core.plugins.host import Host, load_host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import owner_url, refuse_pending_migrations, running_postgres

Result = TypeVar("Result")

WRONG_SETTINGS = 1
"""The exit code where a setting was refused."""

ACTOR = "tenure plugin"
"""Who writes, for the change table."""


def print_plugins(tenant: str | None) -> None:
    """List the plugins, a line each: those that are loaded, those that were left out, and why.

    Args:
        tenant: Whose view it is; without one, it is not said who has enabled them.

    Raises:
        TenureError: A setting or a plugin is wrong, there is no such tenant, or the database is away.
    """
    host = load_host(load_settings())
    if tenant is None:
        for line in _lines(host):
            typer.echo(line)
        return
    with _opened(host, tenant) as place:
        for view in place.run(lambda connection: view_plugins(connection, host, place.tenant_id)):
            typer.echo(_line(view))


def _lines(host: Host) -> Iterator[str]:
    for plugin in host.plugins:
        yield f"{plugin.name} {plugin.manifest.version}: {plugin.manifest.doc}"
    for failed in host.failed:
        yield f"{failed.name} was left out: {failed.reason}"
    if not (host.plugins or host.failed):
        yield "No plugin is installed, or none is let in."


def _line(view: PluginView) -> str:
    version = f" {view.loaded.manifest.version}" if view.loaded else ""
    state = "enabled" if view.enabled else "not enabled"
    return "\n    ".join([f"{view.name}{version}: {view.status.value}, {state}", *view.problems])


def show(name: str) -> None:
    """Show all that a plugin brings.

    Args:
        name: The plugin.

    Raises:
        TenureError: A setting or a plugin is wrong, or it is not loaded.
    """
    host = load_host(load_settings())
    plugin = host[name]
    typer.echo(f"{name} {plugin.manifest.version}, for Tenure {plugin.manifest.tenure}")
    typer.echo(plugin.manifest.doc)
    for title, lines in _parts(plugin, host):
        if lines:
            typer.echo("\n    ".join([f"\n{title}", *lines]))


def _parts(plugin: LoadedPlugin, host: Host) -> Iterator[tuple[str, list[str]]]:
    """Yield what a plugin brings, sort by sort, each thing as a line."""
    yield "Requires", list(plugin.manifest.requires)
    yield "Comes after", list(plugin.manifest.after)
    yield "Entities", [_told(one.__name__, one.__doc__) for one in plugin.entities]
    yield "Computed fields", [_told(f"{one.entity.__name__}.{one.name}", one.doc) for one in plugin.computed]
    yield from _own_fields(plugin.name, host)
    yield "Kinds of activity", list(plugin.activity_kinds)
    yield "Permissions", [_told(one.name, one.doc) for one in plugin.permissions]
    yield "Roles", [_told(one.name, one.doc) for one in plugin.roles]
    fields = plugin.settings.model_fields
    yield "Settings", [_told(field.alias or name, field.description) for name, field in fields.items()]
    yield "Jobs", [_told(f"{one.name} ({one.cron or one.every})", one.doc) for one in plugin.jobs]
    yield "Routes", [f"/plugins/{plugin.name}{one.path}" for one in plugin.routes]
    yield "Personal data", list(personal_data(plugin, host.catalog))


def _own_fields(name: str, host: Host) -> Iterator[tuple[str, list[str]]]:
    """Yield the root fields that a plugin has written itself, by what they are."""
    from tenure_schema.plugins.schema_parts import ROOTS, PluginParts

    parts = PluginParts.of(host)
    for kind in ROOTS:
        own = [field for field, owner in parts.fields(kind).items() if owner == name]
        yield f"Root fields of its own: {kind}", own


def _told(name: str, doc: str | None) -> str:
    [first, *_] = (doc or "").strip().splitlines() or [""]
    return f"{name}: {first}" if first else name


def switch(name: str, tenant: str, *, on: bool) -> None:
    """Let a tenant use a plugin, or no longer use it.

    Args:
        name: The plugin.
        tenant: The tenant's name.
        on: Whether it is to use it.

    Raises:
        TenureError: The plugin is not loaded, or others stand in the way; there is no such tenant; or the
            database can't be reached or is too old.
    """
    host = load_host(load_settings())
    with _opened(host, tenant) as place:
        work = enable if on else disable
        place.run(lambda connection: work(connection, host, name, place.tenant_id))
    typer.echo(f"{tenant} {'uses' if on else 'no longer uses'} {name}.")


def change(name: str, tenant: str, settings: Sequence[str]) -> None:
    """Change a tenant's settings of a plugin.

    Args:
        name: The plugin.
        tenant: The tenant's name.
        settings: What to set, each as KEY=VALUE.

    Raises:
        typer.Exit: One of them is wrong (1), and none was changed.
        TenureError: The plugin is not loaded, there is no such tenant, or the database can't be reached.
    """
    host = load_host(load_settings())
    plugin, values = host[name], dict(map(_setting, settings))
    with _opened(host, tenant) as place:
        errors = place.run(lambda connection: change_settings(connection, plugin, place.tenant_id, values))
    for error in errors:
        typer.echo(f"tenure: {error}", err=True)
    if errors:
        raise typer.Exit(WRONG_SETTINGS)
    typer.echo(f"Set for {tenant}: {', '.join(values)}.")


def _setting(text: str) -> tuple[str, object]:
    key, separator, value = text.partition("=")
    if not separator:
        raise BadUserInputError(f"{text!r} sets nothing.", "Write KEY=VALUE.")
    if value != "null" and not value.startswith(("[", "{", '"')):
        return key, value
    try:
        return key, json.loads(value)
    except ValueError as error:
        raise BadUserInputError(
            f"The value of {key} is no JSON: {error}.", "Quote it for the shell."
        ) from None


@dataclass(frozen=True)
class _Place:
    """A tenant of a database, which work can be done in.

    Args:
        settings: How to connect.
        url: The database.
        tenant_id: The tenant.
    """

    settings: Settings
    url: str
    tenant_id: uuid.UUID

    def run(self, work: Callable[[TenantConnection], Awaitable[Result]]) -> Result:
        """Do some work in a transaction of the tenant."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[TenantConnection], Awaitable[Result]]) -> Result:
        async with (
            Database(self.url, self.settings) as database,
            database.write_transaction(self.tenant_id, ACTOR, ACTOR) as connection,
        ):
            return await work(connection)


@contextmanager
def _opened(host: Host, tenant: str) -> Iterator[_Place]:
    settings = load_settings()
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        refuse_pending_migrations(owner, host)
        tenant_id = find_tenant(owner, tenant)
        if tenant_id is None:
            raise BadUserInputError(
                f"There is no tenant {tenant!r}.", "Make it with `tenure token create`, or correct the name."
            )
        yield _Place(settings, url, tenant_id)
