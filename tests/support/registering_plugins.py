"""Plugins that register given values, for tests of plugin loading."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import MetaData, literal
from sqlalchemy.orm import Mapped
from tests.support.plugin_factory import plugin

from tenure_core.entities.computed import ComputedColumn
from tenure_core.entities.declaration import Entity, belongs_to
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings

STOP = Settings(plugin_failures="stop")
SKIP = Settings(plugin_failures="skip")


class Vehicle(Entity):
    """A vehicle."""

    metadata = MetaData()
    account: Mapped[Account] = belongs_to(back="vehicles")


class Trip(Entity):
    """A trip."""

    metadata = MetaData()
    vehicle: Mapped[Vehicle] = belongs_to(back="trips")


def registering(**results: object) -> dict[str, object]:
    """Return hooks that return the given values: `entities=[Vehicle]` becomes `register_entities`."""
    return {f"register_{name}": _create_hook(f"register_{name}", result) for name, result in results.items()}


def _create_hook(name: str, result: object) -> object:
    def hook() -> object:
        return result

    hook.__name__ = hook.__qualname__ = name
    return hookimpl(hook)


def fleet(**results: object) -> SimpleNamespace:
    """Return a plugin named fleet that registers the given values."""
    return plugin("fleet", **registering(**results))


def load_error(*plugins: object, settings: Settings = STOP) -> str:
    """Return the error message of loading some plugins."""
    with pytest.raises(PluginError) as raised:
        load_host(settings, plugins)
    return str(raised.value)


def mileage(name: str = "mileage", entity: type[Entity] = Account) -> ComputedColumn:
    """Return a computed column."""
    return ComputedColumn(
        entity=entity, name=name, scalar_type=INT, doc="How far.", expression=lambda _: literal(1)
    )
