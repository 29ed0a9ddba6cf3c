"""Starting: the plugin is loaded alone and beside others, and contradicts none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tenure_core.errors import TenureError
from tenure_core.plugins.plugin import implements
from tenure_sdk.cli.plugin_groups import own_commands
from tenure_sdk.conformance.fixtures.added_schema import host_schema
from tenure_sdk.conformance.fixtures.plugin_set import PluginSet
from tenure_sdk.conformance.report import Finding

CHECK = "start"

ALONE = "alone"


def check_loading(company: PluginSet) -> Iterator[Finding]:
    """Yield a finding where the plugin can't be loaded, or the schema can't be built with it.

    Args:
        company: The plugin, and those around it.
    """
    wrong = list(attempted(ALONE, lambda: company.additions))
    yield from wrong
    if not wrong:
        yield from unreachable_commands(company)
    if not wrong and company.others:
        yield from attempted(beside(company), lambda: host_schema(company.all))


def unreachable_commands(company: PluginSet) -> Iterator[Finding]:
    """Yield a finding where the plugin's commands stand behind one of Tenure's own."""
    if company.name in own_commands() and implements(company.plugin, "register_cli"):
        what = f"`tenure {company.name}` is a command of Tenure's own: nobody reaches those of the plugin."
        yield Finding(CHECK, ALONE, what, "Rename the plugin.")


def places(company: PluginSet) -> str:
    """Return where a plugin is started: alone, and beside all others where there are some."""
    return f"{ALONE}, and {beside(company)}" if company.others else ALONE


def beside(company: PluginSet) -> str:
    """Return what to call the plugin among all others."""
    return f"beside {', '.join(company.names)}"


def attempted(where: str, start: Callable[[], object]) -> Iterator[Finding]:
    """Yield a finding where something does not start: whatever the plugin's code raises is its finding."""
    try:
        start()
    except TenureError as error:
        yield Finding(CHECK, where, error.message, error.hint)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        yield Finding(CHECK, where, f"It can't start: {what}", "Mend what raises it.")
