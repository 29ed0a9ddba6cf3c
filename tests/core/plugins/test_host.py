"""The host loads plugins in order and adds their registrations to the catalog."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped
from tests.support.plugin_factory import plugin

from tenure_core.entities.declaration import Entity, belongs_to, column
from tenure_core.entities.model import Account
from tenure_core.errors import PluginError
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings

SETTINGS = Settings()


class Vehicle(Entity):
    """A vehicle that a customer drives."""

    metadata = MetaData()

    account: Mapped[Account] = belongs_to(back="vehicles")
    plate: Mapped[str] = column(max_length=20)


@hookimpl
def register_entities() -> list[type[Entity]]:
    return [Vehicle]


def test_entities_of_a_plugin_are_added_to_those_of_the_core() -> None:
    host = load_host(SETTINGS, [plugin(register_entities=register_entities)])
    assert host.catalog["Vehicle"].plugin == "fleet"
    assert host.catalog["Account"].plugin == ""
    assert "vehicles" in host.catalog["Account"].fields


def test_plugins_are_loaded_after_those_that_they_require() -> None:
    given = [plugin("alpha", requires=("omega",)), plugin("omega")]
    assert [loaded.name for loaded in load_host(SETTINGS, given).plugins] == ["omega", "alpha"]


def test_a_missing_requirement_stops_the_startup() -> None:
    with pytest.raises(PluginError, match="alpha requires omega"):
        load_host(SETTINGS, [plugin("alpha", requires=("omega",))])


def test_two_plugins_with_the_same_entity_stop_the_startup_with_both_names() -> None:
    both = [plugin(name, register_entities=register_entities) for name in ("cars", "trucks")]
    with pytest.raises(PluginError, match="Vehicle is registered by cars and by trucks"):
        load_host(SETTINGS, both)
