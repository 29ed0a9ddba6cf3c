"""The load order of plugins follows `requires` and `after`."""

from __future__ import annotations

from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import SKIP, STOP, load_error

from tenure_core.plugins.host import load_host


def test_a_missing_requirement_is_rejected() -> None:
    message = load_error(plugin("alpha", requires=("omega",)))
    assert "The plugin alpha requires omega, which is not loaded" in message
    assert "Install and allow omega" in message


def test_a_missing_requirement_stops_the_startup_even_if_failures_are_skipped() -> None:
    assert "requires omega" in load_error(plugin("alpha", requires=("omega",)), settings=SKIP)


def test_a_cycle_is_rejected_with_all_its_members() -> None:
    message = load_error(
        plugin("alpha", requires=("beta",)),
        plugin("beta", after=("gamma",)),
        plugin("gamma", after=("alpha",)),
    )
    assert "The load order of plugins has a cycle" in message
    assert all(name in message for name in ("alpha", "beta", "gamma"))
    assert "Remove a name from `requires` or `after`" in message


def test_a_missing_plugin_in_after_is_ignored() -> None:
    assert load_host(STOP, [plugin("alpha", after=("omega",))]).plugins
