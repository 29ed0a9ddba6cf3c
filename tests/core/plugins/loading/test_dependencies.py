"""A plugin uses only names of its own, of the core and of required plugins."""

from __future__ import annotations

import pytest
from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import STOP, Trip, Vehicle, fleet, load_error, mileage, registering

from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Permission, RoleDefinition


@pytest.mark.parametrize(
    ("results", "what"),
    [
        ({"entities": [Trip]}, "reference Trip.vehicle uses the entity Vehicle"),
        (
            {"computed_fields": [mileage(entity=Vehicle)]},
            "computed field Vehicle.mileage uses the entity Vehicle",
        ),
        (
            {"roles": [RoleDefinition(name="driver", doc="d", reads=(Vehicle,))]},
            "role driver uses the entity Vehicle",
        ),
        (
            {"roles": [RoleDefinition(name="driver", doc="d", permissions=("fleet.drive",))]},
            "role driver uses the permission fleet.drive",
        ),
    ],
)
def test_a_name_of_a_plugin_that_is_not_required_is_rejected(results: dict[str, object], what: str) -> None:
    base = fleet(entities=[Vehicle], roles=[Permission(name="fleet.drive", doc="d")])
    message = load_error(base, plugin("tolls", **registering(**results)))
    assert f"Its {what} of the plugin fleet, which tolls does not require" in message
    assert 'Add "fleet" to `requires` in the manifest of tolls' in message
    further = plugin("tolls", requires=("fleet",), **registering(**results))
    assert [loaded.name for loaded in load_host(STOP, [base, further]).plugins] == ["fleet", "tolls"]


def test_names_of_indirectly_required_plugins_can_be_used() -> None:
    plugins = [
        fleet(entities=[Vehicle]),
        plugin("tolls", requires=("fleet",)),
        plugin("stickers", requires=("tolls",), **registering(entities=[Trip])),
    ]
    assert len(load_host(STOP, plugins).plugins) == 3
