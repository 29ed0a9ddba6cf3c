"""The commands of plugins: `tenure NAME ...`. Plugins are loaded only if one of their commands is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup
from typer.main import get_command

from tenure_core.errors import TenureError

if TYPE_CHECKING:
    from typer._click import Command, Context

    from tenure_core.plugins.host import Host


class PluginGroup(TyperGroup):
    """The built-in commands, followed by a group for each plugin that has commands."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of all commands. If the plugins can't be loaded, print why and omit them."""
        return [*super().list_commands(ctx), *_list_plugin_groups()]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a built-in command, or else the group of the plugin with that name.

        Raises:
            TenureError: The plugin is installed but can't be loaded.
        """
        return super().get_command(ctx, cmd_name) or _load_plugin_group(cmd_name)


def _list_plugin_groups() -> list[str]:
    from tenure_core.plugins.loading.discovery import installed_names

    if not installed_names():
        return []
    try:
        return [plugin.name for plugin in _load_plugins().implementing("register_cli")]
    except TenureError as error:
        typer.echo(f"tenure: the commands of plugins are not listed. {error}\n", err=True)
        return []


def _load_plugin_group(name: str) -> Command | None:
    from tenure_core.plugins.loading.discovery import installed_names

    if name not in installed_names():
        return None
    from tenure_core.plugins.registrations import CommandGroup

    group = _load_plugins()[name].registration(CommandGroup)
    if group is None or not isinstance(group.app, typer.Typer):
        return None
    command = get_command(group.app)
    command.name = name
    return command


def _load_plugins() -> Host:
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings

    return load_host(load_settings())
