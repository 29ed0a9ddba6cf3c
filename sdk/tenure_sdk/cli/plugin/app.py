"""The command tree of `tenure plugin`."""

from __future__ import annotations

import typer

from tenure_sdk.cli.plugin.check import check
from tenure_sdk.cli.plugin.enablement import disable_plugin, enable_plugin
from tenure_sdk.cli.plugin.list import list_plugins
from tenure_sdk.cli.plugin.makemigration import make_migration
from tenure_sdk.cli.plugin.new import new_plugin
from tenure_sdk.cli.plugin.set import set_settings
from tenure_sdk.cli.plugin.show import show_plugin
from tenure_sdk.cli.plugin.uninstall import uninstall

plugin_app = typer.Typer(help="Manage and develop plugins.", no_args_is_help=True, rich_markup_mode=None)

plugin_app.command("list")(list_plugins)
plugin_app.command("show")(show_plugin)
plugin_app.command("enable")(enable_plugin)
plugin_app.command("disable")(disable_plugin)
plugin_app.command("set")(set_settings)
plugin_app.command("new")(new_plugin)
plugin_app.command("makemigration")(make_migration)
plugin_app.command("check")(check)
plugin_app.command("uninstall")(uninstall)
