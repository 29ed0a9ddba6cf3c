"""Plugins are started in load order and stopped in reverse order; a failure can be limited to one plugin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import PluginError
from tenure_core.plugins.host import load_host
from tenure_core.plugins.lifecycle import run_lifecycle
from tenure_core.settings import Settings

STOP = Settings()
SKIP = Settings(plugin_failures="skip")


class Recorder:
    """Plugins that record calls of their hooks."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def record(self, entry: str) -> Callable[[], Awaitable[None]]:
        async def append() -> None:
            self.entries.append(entry)

        return append

    def plugin(self, name: str, **others: object) -> object:
        hooks = {"on_startup": self.record(f"start {name}"), "on_shutdown": self.record(f"stop {name}")}
        return fleet(name, **(hooks | others))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def fail() -> None:
    raise LookupError("no such server")


async def test_plugins_are_started_in_order_and_stopped_in_reverse_order(recorder: Recorder) -> None:
    host = load_host(STOP, [recorder.plugin(name) for name in ("beta", "alpha", "gamma")])
    async with run_lifecycle(host, STOP) as ready:
        assert ready is host
        assert recorder.entries == ["start alpha", "start beta", "start gamma"]
        recorder.entries.clear()
    assert recorder.entries == ["stop gamma", "stop beta", "stop alpha"]


async def test_plugins_are_stopped_after_an_error_of_the_process(recorder: Recorder) -> None:
    host = load_host(STOP, [recorder.plugin("alpha")])
    with pytest.raises(ZeroDivisionError):
        async with run_lifecycle(host, STOP):
            raise ZeroDivisionError
    assert recorder.entries == ["start alpha", "stop alpha"]


async def test_a_failure_stops_the_startup_with_the_name_of_the_plugin(recorder: Recorder) -> None:
    host = load_host(STOP, [recorder.plugin("alpha"), recorder.plugin("beta", on_startup=fail)])
    with pytest.raises(PluginError, match="The plugin beta failed at startup: LookupError: no such server"):
        async with run_lifecycle(host, STOP):
            pass
    assert recorder.entries == ["start alpha", "stop alpha"]


async def test_a_failed_plugin_is_skipped_with_its_registrations_and_all_plugins_that_require_it(
    recorder: Recorder,
) -> None:
    plugins = [
        recorder.plugin("alpha"),
        recorder.plugin("fleet", on_startup=fail),
        recorder.plugin("routes", requires=("fleet",)),
        recorder.plugin("trips", requires=("routes",)),
    ]
    host = load_host(SKIP, plugins)
    assert FleetCar.__name__ in host.catalog.entities
    with capture_logs() as logs:
        async with run_lifecycle(host, SKIP) as ready:
            assert [plugin.name for plugin in ready.plugins] == ["alpha"]
            assert FleetCar.__name__ not in ready.catalog.entities
    assert [(failed.name, failed.reason) for failed in ready.failed] == [
        ("fleet", "LookupError: no such server"),
        ("routes", "It requires fleet, which was skipped."),
        ("trips", "It requires routes, which was skipped."),
    ]
    assert [entry["plugin"] for entry in logs] == ["fleet", "routes", "trips"]
    assert recorder.entries == ["start alpha", "stop alpha"]


async def test_a_failure_at_shutdown_does_not_affect_other_plugins(recorder: Recorder) -> None:
    host = load_host(STOP, [recorder.plugin("alpha"), recorder.plugin("beta", on_shutdown=fail)])
    with capture_logs() as logs:
        async with run_lifecycle(host, STOP):
            pass
    assert recorder.entries == ["start alpha", "start beta", "stop alpha"]
    assert [entry["plugin"] for entry in logs] == ["beta"]
