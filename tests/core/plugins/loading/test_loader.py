"""Faults of plugins: each is found at the start, and named with what to do."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import MetaData, literal
from sqlalchemy.orm import Mapped
from starlette.routing import Route
from tests.support.plugin_factory import plugin

from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Composite, Entity, belongs_to, column
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import DeclarationError, PluginError
from tenure_core.plugins.context import Context
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.registrations import Job, Permission, RoleDefinition
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


def bringing(**results: object) -> dict[str, object]:
    """Hooks that return the given things: entities=[Vehicle] becomes register_entities."""

    def returning(hook: str, result: object) -> object:
        def call() -> object:
            return result

        call.__name__ = call.__qualname__ = hook
        return hookimpl(call)

    hooks = {f"register_{what}": result for what, result in results.items()}
    return {hook: returning(hook, result) for hook, result in hooks.items()}


def fleet(**results: object) -> SimpleNamespace:
    return plugin("fleet", **bringing(**results))


def fault_of(*plugins: object, settings: Settings = STOP) -> str:
    """Return what is said of plugins that can't be loaded."""
    with pytest.raises(PluginError) as caught:
        load_host(settings, plugins)
    return str(caught.value)


def mileage(name: str = "mileage", entity: type[Entity] = Account) -> ComputedColumn:
    return ComputedColumn(
        entity=entity, name=name, scalar_type=INT, doc="How far.", expression=lambda _: literal(1)
    )


async def drive(_: Context) -> None:
    """Do nothing."""


async def counted(_: Context, rows: Any) -> list[int]:
    return [1 for _ in rows]


class TestHooks:
    def test_one_that_does_not_exist_is_named_with_the_one_that_is_meant(self) -> None:
        @hookimpl
        def register_entity() -> list[type[Entity]]:
            return []

        said = fault_of(plugin(register_entity=register_entity))
        assert "fleet failed at the start" in said
        assert "register_entity implements the hook register_entity, which Tenure does not have" in said
        assert "Do you mean register_entities?" in said

    def test_one_that_is_like_no_other_is_named_with_all_that_there_are(self) -> None:
        @hookimpl
        def before_breakfast() -> None:
            """Do nothing."""

        said = fault_of(plugin(before_breakfast=before_breakfast))
        assert "There are: register_entities, register_computed_fields," in said

    def test_a_wrong_argument_is_named_with_the_right_ones(self) -> None:
        @hookimpl
        async def on_change(context: Context, change: object) -> None:
            """Do nothing."""

        said = fault_of(plugin(on_change=on_change))
        assert "on_change takes change, which the hook on_change is not given" in said
        assert "Its arguments are: context, changes." in said

    def test_arguments_that_are_not_needed_may_be_left_out(self) -> None:
        @hookimpl
        async def on_change(changes: object) -> None:
            """Do nothing."""

        assert load_host(STOP, [plugin(on_change=on_change)]).plugins

    def test_one_that_is_not_marked_is_not_passed_over_in_silence(self) -> None:
        def register_entities() -> list[type[Entity]]:
            return [Vehicle]

        said = fault_of(plugin(register_entities=register_entities))
        assert "register_entities has the name of a hook and is not marked as one" in said
        assert "@hookimpl" in said

    @pytest.mark.parametrize("hook", ["on_change", "validate_write", "on_startup", "on_shutdown"])
    def test_one_that_is_waited_for_must_be_asynchronous(self, hook: str) -> None:
        said = fault_of(plugin(**{hook: hookimpl(lambda: None)}))
        assert f"Write it as `async def {hook}`" in said

    def test_one_that_nobody_waits_for_must_not_be(self) -> None:
        @hookimpl
        async def register_entities() -> list[type[Entity]]:
            return [Vehicle]

        assert "Write it as `def register_entities`" in fault_of(plugin(register_entities=register_entities))


class TestWhatIsBrought:
    @pytest.mark.parametrize(
        ("results", "said"),
        [
            ({"entities": Vehicle}, r"register_entities returns <class .*Return a list"),
            ({"entities": [Vehicle, "Trip"]}, r"register_entities lists 'Trip'.*derived from Entity"),
            ({"jobs": ["nightly"]}, r"register_jobs lists 'nightly'.*objects of Job"),
            ({"computed_fields": [INT]}, r"register_computed_fields lists .*ComputedColumn or BatchField"),
            ({"activity_kinds": "TOWING"}, r"register_activity_kinds returns 'TOWING'.*Return a list"),
            ({"activity_kinds": ["towing"]}, r"register_activity_kinds lists 'towing'.*capital letters"),
            ({"roles": [Permission(name="drive", doc="d")]}, r"lists 'drive'.*Call it \"fleet.drive\""),
            ({"roles": [RoleDefinition(name="The Driver", doc="d")]}, r"lists 'The Driver'.*small letters"),
            ({"graphql": [Vehicle]}, r"register_graphql returns \[.*Return GraphQLParts"),
            ({"settings": {"days": 7}}, r"register_settings returns .*derived from pydantic.BaseModel"),
        ],
    )
    def test_is_held_to_its_form(self, results: dict[str, object], said: str) -> None:
        with pytest.raises(PluginError, match=said):
            load_host(STOP, [fleet(**results)])

    def test_settings_have_defaults(self) -> None:
        class FleetSettings(BaseModel):
            days: int
            region: str = "north"

        assert "Its settings days have no default that fits" in fault_of(fleet(settings=FleetSettings))

    def test_no_two_settings_have_one_name(self) -> None:
        class FleetSettings(BaseModel):
            days: int = 7
            weekdays: int = Field(default=5, alias="days")

        assert "Two of its settings are called days. Rename one." in fault_of(fleet(settings=FleetSettings))

    def test_a_permission_of_a_role_is_brought_by_somebody(self) -> None:
        role = RoleDefinition(name="driver", doc="Who drives.", permissions=("fleet.drive",))
        said = fault_of(fleet(roles=[role]))
        assert "role driver has the permission fleet.drive, which nobody brings" in said


class TestVersions:
    def test_a_plugin_for_another_tenure_is_refused_with_both_versions(self) -> None:
        said = fault_of(plugin(tenure=">=99"))
        assert "fleet failed at the start: It works with Tenure >=99, and this is 0." in said
        assert "Install a version of it that works with this Tenure" in said

    @pytest.mark.parametrize("manifest", [{"version": "first"}, {"tenure": "the new one"}])
    def test_what_is_no_version_is_refused(self, manifest: dict[str, str]) -> None:
        with pytest.raises(DeclarationError, match=r"fleet has a wrong version.*PEP 440"):
            plugin(**manifest)

    @pytest.mark.parametrize("name", ["Fleet", "fleet-cars", "f", "7up", ""])
    def test_what_is_no_name_is_refused(self, name: str) -> None:
        with pytest.raises(DeclarationError, match="is no name for a plugin"):
            plugin(name)

    def test_a_plugin_without_a_manifest_is_refused(self) -> None:
        assert "has no MANIFEST" in fault_of(SimpleNamespace())


class TestOrder:
    def test_a_missing_requirement_is_named(self) -> None:
        said = fault_of(plugin("alpha", requires=("omega",)))
        assert "The plugin alpha requires omega, which is not loaded" in said
        assert "Install and allow omega" in said

    def test_it_stops_the_start_whatever_becomes_of_failures(self) -> None:
        assert "requires omega" in fault_of(plugin("alpha", requires=("omega",)), settings=SKIP)

    def test_a_circle_is_named_with_all_its_members(self) -> None:
        said = fault_of(
            plugin("alpha", requires=("beta",)),
            plugin("beta", after=("gamma",)),
            plugin("gamma", after=("alpha",)),
        )
        assert "Plugins can't be put in order" in said
        assert all(name in said for name in ("alpha", "beta", "gamma"))
        assert "Take one name out of `requires` or `after`" in said

    def test_what_comes_after_a_plugin_that_is_not_there_does_not_mind(self) -> None:
        assert load_host(STOP, [plugin("alpha", after=("omega",))]).plugins


class Status(StrEnum):
    """A status."""

    RUNNING = "RUNNING"


def declared(name: str, plural: str = "", **fields: object) -> type[Entity]:
    """Return an entity that is declared with the given annotations."""
    body = {
        "__doc__": f"A {name}.",
        "__module__": f"made_up_{uuid.uuid4().hex}",
        "metadata": MetaData(),
        "__annotations__": {field: Mapped[kind] for field, kind in fields.items()},  # type: ignore[valid-type]
    }
    return type(Entity)(name, (Entity,), body, plural=plural)


def place(doc: str) -> type[Composite]:
    """Return a composite called Place, another one at each call."""

    class Place(Composite):
        """A place."""

        street: Mapped[str] = column(doc=doc)

    return Place


OTHER_STATUS = StrEnum("Status", {"GONE": "GONE"})


CONTESTED: dict[str, Callable[[], tuple[dict[str, object], dict[str, object]]]] = {
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
                    compute=counted,
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
        {"entities": [declared("Lot", status=Status)]},
        {"entities": [declared("Bay", status=OTHER_STATUS)]},
    ),
    "type Place": lambda: (
        {"entities": [declared("Lot", place=place("A"))]},
        {"entities": [declared("Bay", place=place("B"))]},
    ),
    "mutation vansBulkUpsert": lambda: (
        {"entities": [declared("Van")]},
        {"entities": [declared("VansBulk")]},
    ),
    "root field parking": lambda: (
        {"entities": [declared("Lot", plural="parking")]},
        {"entities": [declared("Bay", plural="parking")]},
    ),
}


class TestConflicts:
    @pytest.mark.parametrize("settings", [STOP, SKIP], ids=["stop", "leave out"])
    @pytest.mark.parametrize("what", CONTESTED)
    def test_two_plugins_with_one_name_stop_the_start_with_both_names(
        self, what: str, settings: Settings
    ) -> None:
        first, second = CONTESTED[what]()
        said = fault_of(
            plugin("cars", **bringing(**first)), plugin("trucks", **bringing(**second)), settings=settings
        )
        assert f"The {what} is brought by cars and by trucks." in said
        assert "Rename it in trucks, or leave one of the two out with TENURE_PLUGINS_DENY" in said

    @pytest.mark.parametrize(
        ("results", "what"),
        [
            ({"activity_kinds": ["CALL"]}, "activity kind CALL"),
            ({"roles": [RoleDefinition(name="admin", doc="d")]}, "role admin"),
            ({"computed_fields": [mileage("lifecycle_stage")]}, "field Account.lifecycleStage"),
            ({"computed_fields": [mileage("contacts")]}, "field Account.contacts"),
        ],
    )
    def test_a_plugin_takes_nothing_of_the_core(self, results: dict[str, object], what: str) -> None:
        assert f"The {what} is brought by Tenure itself and by fleet." in fault_of(fleet(**results))

    @pytest.mark.parametrize("name", ["Change", "Tenant", "ApiKey", "TenantPlugin"])
    def test_an_entity_takes_no_table_of_the_platform(self, name: str) -> None:
        assert "brought by Tenure itself and by fleet" in fault_of(fleet(entities=[declared(name)]))

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
            ({"entities": [declared("Parking", plural="parking")]}, "root field parking"),
        ],
    )
    def test_a_plugin_brings_nothing_twice(self, results: dict[str, object], what: str) -> None:
        assert f"The plugin fleet brings the {what} twice." in fault_of(fleet(**results))

    def test_a_field_and_one_behind_a_reference_that_are_ordered_by_one_name_are_told_with_both_owners(
        self,
    ) -> None:
        class Contract(Entity):
            """A contract."""

            metadata = MetaData()
            account: Mapped[Account] = belongs_to(back="contracts")
            account_code: Mapped[str]

        cars = fleet(computed_fields=[mileage("code")])
        trucks = plugin("trucks", **bringing(entities=[Contract]))
        said = fault_of(cars, trucks)
        assert "The plugin trucks failed at the start: ACCOUNT_CODE would order and group contracts" in said
        assert "by Contract.accountCode of trucks and by Contract.account.code of fleet. Rename one" in said
        assert [one.name for one in load_host(SKIP, [cars, trucks]).plugins] == ["fleet"]

    def test_a_reference_is_grouped_by_no_name_of_a_field_behind_another(self) -> None:
        class Agreement(Entity):
            """An agreement."""

            metadata = MetaData()
            account: Mapped[Account] = belongs_to(back="agreements")
            account_mother: Mapped[Account] = belongs_to(back="agreements_of_parts")

        said = fault_of(fleet(entities=[Agreement], computed_fields=[mileage("mother")]))
        assert "by Agreement.account.mother of fleet and by Agreement.accountMother of fleet" in said

    def test_two_fields_may_share_a_type(self) -> None:
        both = [declared("Lot", status=Status, before=Status), declared("Bay", status=Status)]
        assert load_host(STOP, [fleet(entities=both)]).plugins

    def test_two_plugins_of_one_name_are_refused(self) -> None:
        assert "Two plugins are called fleet" in fault_of(plugin("fleet"), plugin("fleet"))

    def test_two_classes_of_one_table_are_refused_where_the_second_is_declared(self) -> None:
        body = {"__doc__": "A van.", "metadata": MetaData(), "__annotations__": {}}
        type(Entity)("Van", (Entity,), body | {"__module__": "cars"})
        with pytest.raises(DeclarationError, match=r"trucks.Van has the table van, .* of cars.Van"):
            type(Entity)("Van", (Entity,), body | {"__module__": "trucks"})


class TestFoundations:
    @pytest.mark.parametrize(
        ("results", "what"),
        [
            ({"entities": [Trip]}, "reference Trip.vehicle builds on Vehicle"),
            (
                {"computed_fields": [mileage(entity=Vehicle)]},
                "computed field Vehicle.mileage builds on Vehicle",
            ),
            (
                {"roles": [RoleDefinition(name="driver", doc="d", reads=(Vehicle,))]},
                "role driver builds on Vehicle",
            ),
            (
                {"roles": [RoleDefinition(name="driver", doc="d", permissions=("fleet.drive",))]},
                "role driver builds on fleet.drive",
            ),
        ],
    )
    def test_what_builds_on_another_plugin_requires_it(self, results: dict[str, object], what: str) -> None:
        base = fleet(entities=[Vehicle], roles=[Permission(name="fleet.drive", doc="d")])
        said = fault_of(base, plugin("tolls", **bringing(**results)))
        assert f"Its {what} of the plugin fleet, which tolls does not require" in said
        assert 'Add "fleet" to `requires` in the manifest of tolls' in said
        further = plugin("tolls", requires=("fleet",), **bringing(**results))
        assert [one.name for one in load_host(STOP, [base, further]).plugins] == ["fleet", "tolls"]

    def test_what_a_required_plugin_requires_can_be_built_on(self) -> None:
        plugins = [
            fleet(entities=[Vehicle]),
            plugin("tolls", requires=("fleet",)),
            plugin("stickers", requires=("tolls",), **bringing(entities=[Trip])),
        ]
        assert len(load_host(STOP, plugins).plugins) == 3


class TestFailures:
    """A plugin that fails stops the start, or is left out and the others stay."""

    @pytest.fixture
    def broken(self) -> SimpleNamespace:
        @hookimpl
        def register_jobs() -> Iterable[Job]:
            raise ZeroDivisionError("by design")

        return plugin("broken", register_jobs=register_jobs)

    def test_it_stops_the_start_with_its_name_and_the_cause(self, broken: SimpleNamespace) -> None:
        said = fault_of(plugin("alpha"), broken)
        assert "The plugin broken failed at the start: ZeroDivisionError: by design" in said
        assert "TENURE_PLUGINS_DENY" in said

    def test_it_is_left_out_with_all_that_require_it_and_a_warning(
        self, broken: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plugins = [
            broken,
            plugin("alpha"),
            plugin("beta", requires=("broken",)),
            plugin("gamma", requires=("beta",)),
        ]
        host = load_host(SKIP, plugins)
        assert [one.name for one in host.plugins] == ["alpha"]
        assert [(one.name, one.reason) for one in host.failed] == [
            ("broken", "ZeroDivisionError: by design"),
            ("beta", "It requires broken, which was left out."),
            ("gamma", "It requires beta, which was left out."),
        ]
        assert "a plugin was left out" in "".join(capsys.readouterr())

    def test_what_it_brought_is_not_there_and_asking_for_it_says_why(self, broken: SimpleNamespace) -> None:
        host = load_host(SKIP, [broken, plugin("beta", requires=("broken",), **bringing(entities=[Vehicle]))])
        assert "Vehicle" not in host.catalog.entities
        with pytest.raises(PluginError, match=r"beta was left out at the start. It requires broken"):
            host["beta"]

    def test_a_declaration_that_can_not_be_built_is_the_fault_of_its_plugin(self) -> None:
        bad = mileage("tenant_id")
        said = fault_of(plugin("alpha"), fleet(computed_fields=[bad]))
        assert "The plugin fleet failed at the start" in said
        host = load_host(SKIP, [plugin("alpha"), fleet(computed_fields=[bad])])
        assert [one.name for one in host.plugins] == ["alpha"]
