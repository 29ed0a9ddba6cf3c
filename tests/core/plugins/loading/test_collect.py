"""Registrations are collected from hooks and validated."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field
from tests.support.registering_plugins import STOP, Vehicle, fleet, load_error

from tenure_core.entities.scalar_types import INT
from tenure_core.errors import PluginError
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Permission, RoleDefinition


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"entities": Vehicle}, r"register_entities returned <class .*Return a list"),
        (
            {"entities": [Vehicle, "Trip"]},
            r"register_entities returned a list that contains 'Trip'.*derived from Entity",
        ),
        (
            {"jobs": ["nightly"]},
            r"register_jobs returned a list that contains 'nightly'.*list of Job objects",
        ),
        (
            {"computed_fields": [INT]},
            r"register_computed_fields returned a list .*ComputedColumn or BatchField",
        ),
        ({"activity_kinds": "TOWING"}, r"register_activity_kinds returned 'TOWING'.*Return a list"),
        (
            {"activity_kinds": ["towing"]},
            r"register_activity_kinds returned the invalid name 'towing'.*upper-case",
        ),
        (
            {"roles": [Permission(name="drive", doc="d")]},
            r"invalid permission name 'drive'.*Name it \"fleet.drive\"",
        ),
        (
            {"roles": [RoleDefinition(name="The Driver", doc="d")]},
            r"invalid role name 'The Driver'.*lower-case",
        ),
        ({"graphql": [Vehicle]}, r"register_graphql returned \[.*Return GraphQLParts"),
        ({"settings": {"days": 7}}, r"register_settings returned .*derived from pydantic.BaseModel"),
    ],
)
def test_an_invalid_registration_is_rejected(results: dict[str, object], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        load_host(STOP, [fleet(**results)])


def test_a_setting_without_a_default_is_rejected() -> None:
    class FleetSettings(BaseModel):
        days: int
        region: str = "north"

    assert "These settings have no valid default: days" in load_error(fleet(settings=FleetSettings))


def test_two_settings_with_the_same_name_are_rejected() -> None:
    class FleetSettings(BaseModel):
        days: int = 7
        weekdays: int = Field(default=5, alias="days")

    assert "Two settings have the name days. Rename one" in load_error(fleet(settings=FleetSettings))


def test_a_role_with_an_unregistered_permission_is_rejected() -> None:
    role = RoleDefinition(name="driver", doc="Who drives.", permissions=("fleet.drive",))
    message = load_error(fleet(roles=[role]))
    assert "Its role driver uses the permission fleet.drive, which no plugin registers" in message
