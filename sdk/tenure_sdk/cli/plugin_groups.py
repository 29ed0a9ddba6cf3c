"""The commands of plugins, behind those of Tenure: `tenure NAME ...`. Plugins are loaded only for them."""

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
    """A group whose commands are Tenure's own, and a group of each plugin that brings some."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of all commands, those of plugins last; where plugins fail, say so and go on."""
        return [*super().list_commands(ctx), *_names()]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return a command of Tenure's own, or else of the plugin of that name.

        Raises:
            TenureError: There is such a plugin, and it can't be loaded.
        """
        return super().get_command(ctx, cmd_name) or _of_plugin(cmd_name)


def own_commands() -> frozenset[str]:
    """Return the names of Tenure's own commands: those of a plugin of such a name stand behind them."""
    from tenure_sdk.cli.app import app

    group = get_command(app)
    return frozenset(group.commands) if isinstance(group, PluginGroup) else frozenset()


def _names() -> list[str]:
    from tenure_core.plugins.loading.discovery import installed_names

    if not installed_names():
        return []
    try:
        return [plugin.name for plugin in _host().implementing("register_cli")]
    except TenureError as error:
        typer.echo(f"tenure: the commands of plugins are not shown. {error}\n", err=True)
        return []


def _of_plugin(name: str) -> Command | None:
    from tenure_core.plugins.loading.discovery import installed_names

    if name not in installed_names():
        return None
    from tenure_core.plugins.plugin import call_hook

    brought = call_hook(_host()[name].hooks, "register_cli")
    if not isinstance(brought, typer.Typer):
        return None
    command = get_command(brought)
    command.name = name
    return command


def _host() -> Host:
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings

    return load_host(load_settings())
