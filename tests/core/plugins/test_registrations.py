"""A hook is added in three places: its specification, its registration class, and its consumer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from tests.support.plugin_factory import plugin

from tenure_core.errors import PluginError
from tenure_core.plugins import hookspecs
from tenure_core.plugins.hookspecs import hookimpl, hookspec, returns
from tenure_core.plugins.host import Host, load_host
from tenure_core.plugins.registration import Dependency, Registration, ReservedName
from tenure_core.settings import Settings


# 1. The registration class.
@dataclass(frozen=True, kw_only=True)
class Report(Registration):
    """A report."""

    title: str
    based_on: str = ""

    expected = "Report objects"

    def validate(self, plugin: str) -> None:
        if not self.title:
            raise PluginError("register_reports returned a report without a title.")

    def reserved_names(self, plugin: str) -> Iterator[ReservedName]:
        yield ReservedName("report", self.title)

    def dependencies(self) -> Iterator[Dependency]:
        if self.based_on:
            yield Dependency(f"report {self.title}", "report", self.based_on)


# 2. The specification.
@hookspec
@returns(Report)
def register_reports() -> Iterable[Report]:  # type: ignore[empty-body]
    """Return reports.

    Called by the host once at startup.
    """


# 3. The consumer.
def list_reports(host: Host) -> list[str]:
    return [report.title for plugin in host.plugins for report in plugin.registrations(Report)]


@pytest.fixture(autouse=True)
def _add_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hookspecs, "register_reports", register_reports, raising=False)


def load(*plugins: SimpleNamespace) -> Host:
    return load_host(Settings(), plugins)


def reports(name: str, *values: object, requires: tuple[str, ...] = ()) -> SimpleNamespace:
    """Return a plugin that registers reports."""

    def register() -> list[object]:
        return list(values)

    return plugin(name, requires=requires, register_reports=hookimpl(register))


def error_of(*plugins: SimpleNamespace) -> str:
    with pytest.raises(PluginError) as raised:
        load(*plugins)
    return str(raised.value)


def test_the_consumer_receives_the_registrations_of_all_plugins() -> None:
    cars = reports("cars", Report(title="Mileage"), Report(title="Fuel"))
    assert list_reports(load(cars, reports("trucks", Report(title="Loads")))) == ["Mileage", "Fuel", "Loads"]


def test_a_plugin_without_the_hook_has_no_registrations() -> None:
    assert list_reports(load(plugin("cars"))) == []


def test_a_value_of_another_type_is_rejected() -> None:
    assert (
        "register_reports returned a list that contains 'Fuel'. Return a list of Report objects"
        in error_of(reports("cars", "Fuel"))
    )


def test_a_registration_validates_itself() -> None:
    error = error_of(reports("cars", Report(title="")))
    assert error.startswith("The plugin cars failed at startup: register_reports returned a report without")


def test_a_name_that_two_plugins_register_is_rejected() -> None:
    report = Report(title="Fuel")
    error = error_of(reports("cars", report), reports("trucks", report))
    assert "The report Fuel is registered by cars and by trucks." in error


def test_a_name_of_a_plugin_that_is_not_required_cannot_be_used() -> None:
    cars = reports("cars", Report(title="Fuel"))
    based_on_fuel = Report(title="Costs", based_on="Fuel")
    error = error_of(cars, reports("trucks", based_on_fuel))
    assert "Its report Costs uses the report Fuel of the plugin cars, which trucks does not require." in error
    assert list_reports(load(cars, reports("trucks", based_on_fuel, requires=("cars",)))) == ["Fuel", "Costs"]


def test_a_misspelled_hook_is_rejected_with_the_name_of_the_new_one() -> None:
    misspelled = plugin("cars", register_report=hookimpl(lambda: []))
    misspelled.register_report.__name__ = "register_report"
    assert "Did you mean register_reports?" in error_of(misspelled)
