"""Guarantee: the plugin loads and starts alone and together with other plugins, without conflicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from starlette.applications import Starlette

from tenure_core.errors import TenureError
from tenure_core.migrate.runner import upgrade
from tenure_core.plugins.hook_caller import HookCaller
from tenure_schema.app import create_app
from tenure_sdk.conformance.checks.naming_words import TENURE_COMMANDS
from tenure_sdk.conformance.fixtures.added_schema import host_schema
from tenure_sdk.conformance.fixtures.installation import Installation
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet
from tenure_sdk.conformance.report import Check, Finding

CHECK = Check("loading")

ALONE = "alone"


def check_loading(plugin_set: PluginSet) -> Iterator[Finding]:
    """Yield a finding if the plugin cannot be loaded, or the schema cannot be built with it.

    Args:
        plugin_set: The plugin, and the plugins that it is loaded together with.
    """
    findings = list(_run(ALONE, lambda: plugin_set.additions))
    yield from findings
    if findings:
        return
    yield from _check_command_name(plugin_set)
    if plugin_set.others:
        yield from _run(_describe_others(plugin_set), lambda: host_schema(plugin_set.all))


def check_startup(installation: Installation) -> Iterator[Finding]:
    """Yield a finding if the app does not start with all plugins on one database."""
    yield from _run(describe_scope(installation.plugin_set), lambda: _start_app(installation))


def describe_scope(plugin_set: PluginSet) -> str:
    """Return which plugins are loaded: the plugin alone, and together with the others if there are any."""
    return f"{ALONE}, and {_describe_others(plugin_set)}" if plugin_set.others else ALONE


def _describe_others(plugin_set: PluginSet) -> str:
    return f"together with {', '.join(plugin_set.other_names)}"


def _check_command_name(plugin_set: PluginSet) -> Iterator[Finding]:
    name = plugin_set.name
    if name in TENURE_COMMANDS and HookCaller(plugin_set.plugin).implements("register_cli"):
        message = f"`tenure {name}` is a built-in command, so the commands of the plugin can't be called."
        yield CHECK.finding(ALONE, message, "Rename the plugin.")


def _run(where: str, action: Callable[[], object]) -> Iterator[Finding]:
    """Yield a finding for any exception that the plugin's code raises."""
    try:
        action()
    except TenureError as error:
        yield CHECK.finding(where, error.message, error.hint)
    except Exception as error:
        message = f"The plugin raises {type(error).__name__}: {error}"
        yield CHECK.finding(where, message, "Fix the code that raises the exception.")


def _start_app(installation: Installation) -> None:
    plugins = installation.plugin_set.all
    upgrade(installation.url, plugins, allow_destructive=True)
    modules = [plugin.hooks.module for plugin in plugins.plugins]
    app = create_app(installation.settings, installation.url, modules)
    asyncio.run(_start_and_stop(app))


async def _start_and_stop(app: Starlette) -> None:
    async with app.router.lifespan_context(app):
        pass
