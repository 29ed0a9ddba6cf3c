"""The lifecycle of plugins: they are started in order, closed in the opposite one, and may fail alone."""

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


class Diary:
    """Plugins that write down what becomes of them."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def note(self, entry: str) -> Callable[[], Awaitable[None]]:
        async def write_down() -> None:
            self.entries.append(entry)

        return write_down

    def plugin(self, name: str, **others: object) -> object:
        hooks = {"on_startup": self.note(f"start {name}"), "on_shutdown": self.note(f"stop {name}")}
        return fleet(name, **(hooks | others))


@pytest.fixture
def diary() -> Diary:
    return Diary()


async def fail() -> None:
    raise LookupError("no such server")


async def test_plugins_are_started_in_order_and_closed_in_the_opposite_one(diary: Diary) -> None:
    host = load_host(STOP, [diary.plugin(name) for name in ("beta", "alpha", "gamma")])
    async with run_lifecycle(host, STOP) as ready:
        assert ready is host
        assert diary.entries == ["start alpha", "start beta", "start gamma"]
        diary.entries.clear()
    assert diary.entries == ["stop gamma", "stop beta", "stop alpha"]


async def test_plugins_are_closed_where_the_process_fails(diary: Diary) -> None:
    host = load_host(STOP, [diary.plugin("alpha")])
    with pytest.raises(ZeroDivisionError):
        async with run_lifecycle(host, STOP):
            raise ZeroDivisionError
    assert diary.entries == ["start alpha", "stop alpha"]


async def test_one_that_fails_stops_the_start_with_its_name(diary: Diary) -> None:
    host = load_host(STOP, [diary.plugin("alpha"), diary.plugin("beta", on_startup=fail)])
    with pytest.raises(PluginError, match="The plugin beta failed at the start: LookupError: no such server"):
        async with run_lifecycle(host, STOP):
            pass
    assert diary.entries == ["start alpha", "stop alpha"]


async def test_one_that_fails_is_left_out_with_all_that_it_brings_and_all_that_require_it(
    diary: Diary,
) -> None:
    plugins = [
        diary.plugin("alpha"),
        diary.plugin("fleet", on_startup=fail),
        diary.plugin("routes", requires=("fleet",)),
        diary.plugin("trips", requires=("routes",)),
    ]
    host = load_host(SKIP, plugins)
    assert FleetCar.__name__ in host.catalog.entities
    with capture_logs() as logs:
        async with run_lifecycle(host, SKIP) as ready:
            assert [plugin.name for plugin in ready.plugins] == ["alpha"]
            assert FleetCar.__name__ not in ready.catalog.entities
    assert [(one.name, one.reason) for one in ready.failed] == [
        ("fleet", "LookupError: no such server"),
        ("routes", "It requires fleet, which was left out."),
        ("trips", "It requires routes, which was left out."),
    ]
    assert [entry["plugin"] for entry in logs] == ["fleet", "routes", "trips"]
    assert diary.entries == ["start alpha", "stop alpha"]


async def test_one_that_fails_to_close_keeps_no_other_from_it(diary: Diary) -> None:
    host = load_host(STOP, [diary.plugin("alpha"), diary.plugin("beta", on_shutdown=fail)])
    with capture_logs() as logs:
        async with run_lifecycle(host, STOP):
            pass
    assert diary.entries == ["start alpha", "start beta", "stop alpha"]
    assert [entry["plugin"] for entry in logs] == ["beta"]
