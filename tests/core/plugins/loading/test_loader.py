"""A plugin that fails stops the startup, or is skipped with all plugins that require it."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import pytest
from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import SKIP, Vehicle, fleet, load_error, mileage, registering

from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Job


@pytest.fixture
def broken() -> SimpleNamespace:
    @hookimpl
    def register_jobs() -> Iterable[Job]:
        raise ZeroDivisionError("by design")

    return plugin("broken", register_jobs=register_jobs)


def test_a_failure_stops_the_startup_with_the_name_of_the_plugin_and_the_cause(
    broken: SimpleNamespace,
) -> None:
    message = load_error(plugin("alpha"), broken)
    assert "The plugin broken failed at startup: ZeroDivisionError: by design" in message
    assert "TENURE_PLUGINS_DENY" in message


def test_a_failed_plugin_is_skipped_with_a_warning_and_all_plugins_that_require_it(
    broken: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = [
        broken,
        plugin("alpha"),
        plugin("beta", requires=("broken",)),
        plugin("gamma", requires=("beta",)),
    ]
    host = load_host(SKIP, plugins)
    assert [loaded.name for loaded in host.plugins] == ["alpha"]
    assert [(failed.name, failed.reason) for failed in host.failed] == [
        ("broken", "ZeroDivisionError: by design"),
        ("beta", "It requires broken, which was skipped."),
        ("gamma", "It requires beta, which was skipped."),
    ]
    assert "plugin skipped" in "".join(capsys.readouterr())


def test_registrations_of_a_skipped_plugin_are_absent_and_a_lookup_returns_the_reason(
    broken: SimpleNamespace,
) -> None:
    host = load_host(SKIP, [broken, plugin("beta", requires=("broken",), **registering(entities=[Vehicle]))])
    assert "Vehicle" not in host.catalog.entities
    with pytest.raises(PluginError, match=r"beta was skipped at startup. It requires broken"):
        host["beta"]


def test_an_invalid_declaration_is_attributed_to_its_plugin() -> None:
    bad = mileage("tenant_id")
    message = load_error(plugin("alpha"), fleet(computed_fields=[bad]))
    assert "The plugin fleet failed at startup" in message
    host = load_host(SKIP, [plugin("alpha"), fleet(computed_fields=[bad])])
    assert [loaded.name for loaded in host.plugins] == ["alpha"]
