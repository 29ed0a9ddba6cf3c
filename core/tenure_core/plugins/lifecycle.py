"""Calls the `on_startup` and `on_shutdown` hooks of plugins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from tenure_core.plugins.host import Host
from tenure_core.plugins.loading.loader import FailedPlugin, check_requirements, fail_or_skip
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.settings import Settings

log = structlog.get_logger()


@asynccontextmanager
async def run_lifecycle(host: Host, settings: Settings) -> AsyncIterator[Host]:
    """Call `on_startup` of the plugins in load order, and `on_shutdown` in reverse order at the end.

    Args:
        host: The plugins of this process.
        settings: Whether a plugin that fails stops the startup or is skipped with all plugins that require
            it.

    Yields:
        The host without the skipped plugins.

    Raises:
        PluginError: A plugin failed and is not skipped.
    """
    failed: list[FailedPlugin] = []
    async with AsyncExitStack() as shutdowns:
        for plugin in host.plugins:
            try:
                await _start(plugin, failed)
            except Exception as error:
                failed.append(fail_or_skip(plugin.name, error, skip=settings.plugin_failures == "skip"))
            else:
                shutdowns.push_async_callback(_stop, plugin)
        yield host.without(failed)


async def _start(plugin: LoadedPlugin, failed: list[FailedPlugin]) -> None:
    check_requirements(plugin.manifest, failed)
    if plugin.hooks.implements("on_startup"):
        await plugin.hooks.call("on_startup")


async def _stop(plugin: LoadedPlugin) -> None:
    """Call `on_shutdown`. An error is logged, so that the other plugins are shut down, too."""
    try:
        if plugin.hooks.implements("on_shutdown"):
            await plugin.hooks.call("on_shutdown")
    except Exception as error:
        log.error("on_shutdown of a plugin failed", plugin=plugin.name, exc_info=error)
