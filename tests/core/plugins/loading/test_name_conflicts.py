"""A name that is used twice is rejected with both owners."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped
from starlette.routing import Route
from tests.support.plugin_factory import plugin
from tests.support.registering_plugins import (
    SKIP,
    STOP,
    Vehicle,
    fleet,
    load_error,
    mileage,
    registering,
)

from tenure_core.entities.computed import BatchField
from tenure_core.entities.declaration import Composite, Entity, belongs_to, column
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import DeclarationError
from tenure_core.plugins.context import Context
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Job, Permission, RoleDefinition
from tenure_core.settings import Settings


async def drive(_: Context) -> None:
    """Do nothing."""


async def count_rows(_: Context, rows: Any) -> list[int]:
    return [1 for _ in rows]


class Status(StrEnum):
    """A status."""

    RUNNING = "RUNNING"


def declare_entity(name: str, plural: str = "", **fields: object) -> type[Entity]:
    """Return an entity that is declared with the given annotations."""
    body = {
        "__doc__": f"A {name}.",
        "__module__": f"made_up_{uuid.uuid4().hex}",
        "metadata": MetaData(),
        "__annotations__": {field: Mapped[kind] for field, kind in fields.items()},  # type: ignore[valid-type]
    }
    return type(Entity)(name, (Entity,), body, plural=plural)


def declare_place(doc: str) -> type[Composite]:
    """Return a composite called Place, another one at each call."""

    class Place(Composite):
        """A place."""

        street: Mapped[str] = column(doc=doc)

    return Place


OTHER_STATUS = StrEnum("Status", {"GONE": "GONE"})


CONFLICTS: dict[str, Callable[[], tuple[dict[str, object], dict[str, object]]]] = {
    "entity Vehicle": lambda: ({"entities": [Vehicle]}, {"entities": [Vehicle]}),
    "field Account.mileage": lambda: (
        {"computed_fields": [mileage()]},
        {
            "computed_fields": [
                BatchField(
                    entity=Account,
                    name="mileage",
                    scalar_type=INT,
                    doc="d",
                    required_columns=("id",),
                    compute=count_rows,
                )
            ]
        },
    ),
    "field Account.vehicles": lambda: (
        {"entities": [Vehicle]},
        {"computed_fields": [mileage("vehicles")]},
    ),
    "field Account.vehiclesAggregate": lambda: (
        {"entities": [Vehicle]},
        {"computed_fields": [mileage("vehicles_aggregate")]},
    ),
    "activity kind TOWING": lambda: ({"activity_kinds": ["TOWING"]}, {"activity_kinds": ["TOWING"]}),
    "role driver": lambda: (
        {"roles": [RoleDefinition(name="driver", doc="d")]},
        {"roles": [RoleDefinition(name="driver", doc="d")]},
    ),
    "type Status": lambda: (
        {"entities": [declare_entity("Lot", status=Status)]},
        {"entities": [declare_entity("Bay", status=OTHER_STATUS)]},
    ),
    "type Place": lambda: (
        {"entities": [declare_entity("Lot", place=declare_place("A"))]},
        {"entities": [declare_entity("Bay", place=declare_place("B"))]},
    ),
    "mutation vansBulkUpsert": lambda: (
        {"entities": [declare_entity("Van")]},
        {"entities": [declare_entity("VansBulk")]},
    ),
    "root field parking": lambda: (
        {"entities": [declare_entity("Lot", plural="parking")]},
        {"entities": [declare_entity("Bay", plural="parking")]},
    ),
}


@pytest.mark.parametrize("settings", [STOP, SKIP], ids=["stop", "skip"])
@pytest.mark.parametrize("what", CONFLICTS)
def test_a_name_that_two_plugins_register_stops_the_startup_with_both_plugins(
    what: str, settings: Settings
) -> None:
    first, second = CONFLICTS[what]()
    message = load_error(
        plugin("cars", **registering(**first)), plugin("trucks", **registering(**second)), settings=settings
    )
    assert f"The {what} is registered by cars and by trucks." in message
    assert "Rename it in trucks, or exclude one of the two plugins with TENURE_PLUGINS_DENY" in message


@pytest.mark.parametrize(
    ("results", "what"),
    [
        ({"activity_kinds": ["CALL"]}, "activity kind CALL"),
        ({"roles": [RoleDefinition(name="admin", doc="d")]}, "role admin"),
        ({"computed_fields": [mileage("lifecycle_stage")]}, "field Account.lifecycleStage"),
        ({"computed_fields": [mileage("contacts")]}, "field Account.contacts"),
    ],
)
def test_a_plugin_cannot_register_a_name_of_the_core(results: dict[str, object], what: str) -> None:
    assert f"The {what} is registered by Tenure itself and by fleet." in load_error(fleet(**results))


@pytest.mark.parametrize("name", ["Change", "Tenant", "ApiKey", "TenantPlugin"])
def test_an_entity_cannot_have_a_table_of_the_platform(name: str) -> None:
    assert "registered by Tenure itself and by fleet" in load_error(fleet(entities=[declare_entity(name)]))


@pytest.mark.parametrize(
    ("results", "what"),
    [
        ({"activity_kinds": ["TOWING", "TOWING"]}, "activity kind TOWING"),
        (
            {"roles": [Permission(name="fleet.drive", doc="d"), Permission(name="fleet.drive", doc="e")]},
            "permission fleet.drive",
        ),
        (
            {"jobs": [Job(name="drive", doc="d", run=drive, every=timedelta(hours=n)) for n in (1, 2)]},
            "job fleet.drive",
        ),
        ({"routes": [Route("/map", drive), Route("/map", drive)]}, "route /plugins/fleet/map GET"),
        (
            {"routes": [Route("/map", drive, methods=[*others, "PUT"]) for others in (["POST"], [])]},
            "route /plugins/fleet/map PUT",
        ),
        ({"entities": [declare_entity("Parking", plural="parking")]}, "root field parking"),
    ],
)
def test_a_plugin_cannot_register_a_name_twice(results: dict[str, object], what: str) -> None:
    assert f"The plugin fleet registers the {what} twice." in load_error(fleet(**results))


def test_a_field_and_a_related_field_with_the_same_enum_name_are_rejected_with_both_owners() -> None:
    class Contract(Entity):
        """A contract."""

        metadata = MetaData()
        account: Mapped[Account] = belongs_to(back="contracts")
        account_code: Mapped[str]

    cars = fleet(computed_fields=[mileage("code")])
    trucks = plugin("trucks", **registering(entities=[Contract]))
    message = load_error(cars, trucks)
    assert message.startswith("The plugin trucks failed at startup: ACCOUNT_CODE is ambiguous")
    assert "it is Contract.accountCode of trucks and Contract.account.code of fleet. Rename one" in message
    assert [loaded.name for loaded in load_host(SKIP, [cars, trucks]).plugins] == ["fleet"]


def test_a_reference_and_a_related_field_with_the_same_enum_name_are_rejected() -> None:
    class Agreement(Entity):
        """An agreement."""

        metadata = MetaData()
        account: Mapped[Account] = belongs_to(back="agreements")
        account_mother: Mapped[Account] = belongs_to(back="agreements_of_parts")

    message = load_error(fleet(entities=[Agreement], computed_fields=[mileage("mother")]))
    assert "it is Agreement.account.mother of fleet and Agreement.accountMother of fleet" in message


def test_two_fields_may_share_a_type() -> None:
    both = [declare_entity("Lot", status=Status, before=Status), declare_entity("Bay", status=Status)]
    assert load_host(STOP, [fleet(entities=both)]).plugins


def test_two_plugins_with_the_same_name_are_rejected() -> None:
    assert "Two plugins have the name fleet" in load_error(plugin("fleet"), plugin("fleet"))


def test_a_second_class_with_the_same_table_is_rejected_at_its_declaration() -> None:
    body = {"__doc__": "A van.", "metadata": MetaData(), "__annotations__": {}}
    type(Entity)("Van", (Entity,), body | {"__module__": "cars"})
    with pytest.raises(DeclarationError, match=r"van belongs to two classes: cars.Van and trucks.Van"):
        type(Entity)("Van", (Entity,), body | {"__module__": "trucks"})
