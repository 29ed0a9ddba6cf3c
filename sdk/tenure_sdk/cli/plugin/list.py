"""`tenure plugin list`: lists the plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tenure_core.plugins.administration.admin_view import PluginView
    from tenure_core.plugins.host import Host


def list_plugins(
    tenant: Annotated[
        str | None, typer.Option(help="Name of a tenant: also show which plugins it has enabled.")
    ] = None,
) -> None:
    """List the loaded and the skipped plugins.

    \b
    Examples:
      tenure plugin list
      tenure plugin list --tenant acme
    """
    from tenure_core.plugins.administration.admin_view import view_plugins
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.plugin.tenant import open_tenant

    host = load_host(load_settings())
    if tenant is None:
        for line in _format_plugins(host):
            typer.echo(line)
        return
    with open_tenant(host, tenant) as database:
        views = database.run(lambda connection: view_plugins(connection, host, database.tenant_id))
    for view in views:
        typer.echo(_format_view(view))


def _format_plugins(host: Host) -> Iterator[str]:
    for plugin in host.plugins:
        yield f"{plugin.name} {plugin.manifest.version}: {plugin.manifest.doc}"
    for failed in host.failed:
        yield f"{failed.name} was skipped: {failed.reason}"
    if not (host.plugins or host.failed):
        yield "No plugin is installed and allowed."


def _format_view(view: PluginView) -> str:
    version = f" {view.loaded.manifest.version}" if view.loaded else ""
    state = "enabled" if view.enabled else "not enabled"
    return "\n    ".join([f"{view.name}{version}: {view.status.value}, {state}", *view.problems])
