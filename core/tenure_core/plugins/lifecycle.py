"""The lifecycle of plugins: made ready before a process serves or works, and closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from tenure_core.plugins.host import Host
from tenure_core.plugins.loading.loader import FailedPlugin, check_requirements, fail_or_skip
from tenure_core.plugins.plugin import LoadedPlugin, call_hook
from tenure_core.settings import Settings

log = structlog.get_logger()


@asynccontextmanager
async def run_lifecycle(host: Host, settings: Settings) -> AsyncIterator[Host]:
    """Call `on_startup` of all plugins in their order, and `on_shutdown` of the same in the opposite one.

    Args:
        host: The plugins of this process.
        settings: What to do about one that fails: stop, or leave it and all that require it out.

    Yields:
        The host, without those that were left out.

    Raises:
        PluginError: One failed, and the settings say to stop.
    """
    failed: list[FailedPlugin] = []
    async with AsyncExitStack() as at_the_end:
        for plugin in host.plugins:
            try:
                await _start(plugin, failed)
            except Exception as error:
                failed.append(fail_or_skip(plugin.name, error, skip=settings.plugin_failures == "skip"))
            else:
                at_the_end.push_async_callback(_stop, plugin)
        yield host.without(failed)


async def _start(plugin: LoadedPlugin, failed: list[FailedPlugin]) -> None:
    check_requirements(plugin.manifest, failed)
    if (starting := call_hook(plugin.hooks, "on_startup")) is not None:
        await starting


async def _stop(plugin: LoadedPlugin) -> None:
    """Close what a plugin has opened; where it fails, the others still get their turn."""
    try:
        if (stopping := call_hook(plugin.hooks, "on_shutdown")) is not None:
            await stopping
    except Exception as error:
        log.error("a plugin failed to close what it had opened", plugin=plugin.name, exc_info=error)
