"""`tenure plugin enable` and `tenure plugin disable`: enable a plugin for a tenant, or disable it."""

from __future__ import annotations

import typer

from tenure_sdk.cli.plugin.arguments import PluginName, TenantName


def enable_plugin(name: PluginName, tenant: TenantName) -> None:
    """Enable a plugin for a tenant. Running servers apply the change after TENURE_API_KEY_CACHE_SECONDS.

    \b
    Example:
      tenure plugin enable manufacturing --tenant acme
    """
    _set_enabled(name, tenant, enabled=True)


def disable_plugin(name: PluginName, tenant: TenantName) -> None:
    """Disable a plugin for a tenant. Its records are kept, and are visible again after it is enabled.

    \b
    Example:
      tenure plugin disable manufacturing --tenant acme
    """
    _set_enabled(name, tenant, enabled=False)


def _set_enabled(name: str, tenant: str, *, enabled: bool) -> None:
    from tenure_core.plugins.administration.enablement import disable, enable
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.plugin.tenant import open_tenant

    host = load_host(load_settings())
    change = enable if enabled else disable
    with open_tenant(host, tenant) as database:
        database.run(lambda connection: change(connection, host, name, database.tenant_id))
    typer.echo(f"{name} is {'enabled' if enabled else 'disabled'} for {tenant}.")
