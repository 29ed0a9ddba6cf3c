"""Plugins over the API: administrators see how they fare, enable and set them, and nobody else does."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.plugins.registrations import Job, Permission, RoleDefinition
from tenure_sdk import Account
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure


class FleetSettings(BaseModel):
    """How a tenant keeps its fleet."""

    days_ahead: int = Field(14, ge=1, description="How many days ahead services are planned.")
    token: SecretStr = SecretStr("")


async def nothing(**_: object) -> None:
    """Do nothing."""


async def on_change(changes: object) -> None:
    """Take note of nothing."""


RIGHTS = [
    Permission(name="fleet.drive", doc="Drive."),
    RoleDefinition(name="driver", doc="Who drives.", reads=(FleetCar,), permissions=("fleet.drive",)),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    brought = fleet(
        register_activity_kinds=lambda: ["ROADSIDE_HELP"],
        register_roles=lambda: RIGHTS,
        register_settings=lambda: FleetSettings,
        register_jobs=lambda: [Job(name="idle", doc="Idles.", run=nothing, every=timedelta(days=1))],
        on_change=on_change,
    )
    broken = fleet("broken", register_entities=lambda: 1 / 0)
    further = fleet("tolls", requires=("fleet",))
    async with running_tenure(server_url, [brought, broken, further], plugin_failures="skip") as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    """A tenant that has enabled nothing, seen by an administrator."""
    return await tenure.opened(f"plugins {uuid.uuid4()}", "admin")


async def change(tenant: Tenant, verb: str, fields: str = "name enabled", **sent: object) -> dict[str, Any]:
    """Run a mutation about a plugin, and return its payload."""
    mutation = f"""mutation($input: Plugin{verb}Input!) {{
        plugin{verb}(input: $input) {{ plugin {{ {fields} }} userErrors {{ code path message }} }}
    }}"""
    answer = await tenant.ask(mutation, input=sent)
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"][f"plugin{verb}"]
    return payload


async def seen(tenant: Tenant, fields: str) -> dict[str, Any]:
    """Return the plugins as the tenant sees them, by name."""
    answer = await tenant.ask(f"{{ plugins {{ name {fields} }} }}")
    assert "errors" not in answer, answer
    return {plugin["name"]: plugin for plugin in answer["data"]["plugins"]}


class TestWhatIsSeen:
    async def test_is_what_became_of_each_plugin(self, tenant: Tenant) -> None:
        found = await seen(tenant, "status enabled version description problems requires")
        assert list(found) == ["fleet", "tolls", "broken"]
        assert found["fleet"] == {
            "name": "fleet",
            "status": "LOADED",
            "enabled": False,
            "version": "1.0.0",
            "description": "Cars of customers.",
            "problems": [],
            "requires": [],
        }
        assert found["tolls"]["requires"] == ["fleet"]
        assert (found["broken"]["status"], found["broken"]["version"]) == ("SKIPPED", None)
        assert found["broken"]["problems"] == [
            "It was left out at the start: ZeroDivisionError: division by zero"
        ]

    async def test_is_all_that_a_plugin_brings(self, tenant: Tenant) -> None:
        fields = """entities activityKinds personalData __typename
            permissions { name description } roles { name description reads writes permissions }"""
        assert (await seen(tenant, fields))["fleet"] == {
            "name": "fleet",
            "__typename": "Plugin",
            "entities": ["FleetCar"],
            "activityKinds": ["ROADSIDE_HELP"],
            "personalData": [],
            "permissions": [{"name": "fleet.drive", "description": "Drive."}],
            "roles": [
                {
                    "name": "driver",
                    "description": "Who drives.",
                    "reads": ["FleetCar"],
                    "writes": [],
                    "permissions": ["fleet.drive"],
                }
            ],
        }

    async def test_is_how_a_plugin_that_hears_of_changes_lags(self, tenant: Tenant) -> None:
        assert (await seen(tenant, "lag"))["fleet"]["lag"] is None
        await change(tenant, "Enable", name="fleet")
        assert (await seen(tenant, "lag"))["fleet"]["lag"] == 0

    async def test_is_a_plugin_that_is_gone_and_was_enabled(
        self, tenure: RunningTenure, tenant: Tenant
    ) -> None:
        async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
            await connection.execute(
                "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%s, 'gone', true)",
                (tenant.id,),
            )
        found = (await seen(tenant, "status enabled problems"))["gone"]
        assert (found["status"], found["enabled"]) == ("MISSING", True)
        assert "install it, or disable it" in found["problems"][0]
        await change(tenant, "Disable", name="gone")
        assert "gone" not in await seen(tenant, "status")


class TestEnabling:
    CARS = "{ fleetCars { totalCount } }"

    async def test_lets_the_tenant_in_at_once_and_out_at_once_and_keeps_the_data(
        self, tenant: Tenant
    ) -> None:
        refused = await tenant.ask(self.CARS)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert "the plugin fleet, which is not enabled for this tenant" in refused["errors"][0]["message"]
        payload = await change(tenant, "Enable", name="fleet")
        assert payload == {"plugin": {"name": "fleet", "enabled": True}, "userErrors": []}
        created = await tenant.ask('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
        assert created["data"]["fleetCarCreate"]["status"] == "CREATED"
        await change(tenant, "Disable", name="fleet")
        assert "errors" in await tenant.ask(self.CARS)
        await change(tenant, "Enable", name="fleet")
        assert (await tenant.ask(self.CARS))["data"] == {"fleetCars": {"totalCount": 1}}

    async def test_is_for_one_tenant_alone(self, tenure: RunningTenure, tenant: Tenant) -> None:
        await change(tenant, "Enable", name="fleet")
        other = await tenure.opened("plugins, another tenant", "admin")
        assert (await seen(other, "enabled"))["fleet"]["enabled"] is False
        assert "errors" in await other.ask(self.CARS)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("nonsense", "The plugin nonsense is not loaded"),
            ("broken", "The plugin broken was left out at the start"),
            ("tolls", "tolls requires fleet, which is not enabled for this tenant. Enable fleet first"),
        ],
    )
    async def test_what_stands_in_the_way_is_said(self, tenant: Tenant, name: str, said: str) -> None:
        payload = await change(tenant, "Enable", name=name)
        [error] = payload["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID", ["input", "name"])
        assert said in error["message"]


class TestSettings:
    async def test_are_shown_with_their_schema_and_without_secrets(self, tenant: Tenant) -> None:
        await change(tenant, "SettingsUpdate", name="fleet", settings={"days_ahead": 7, "token": "swordfish"})
        answer = await tenant.ask("{ plugins { name settings settingsSchema } }")
        [found] = [one for one in answer["data"]["plugins"] if one["name"] == "fleet"]
        assert found["settings"] == {"days_ahead": 7, "token": "**********"}
        assert found["settingsSchema"]["properties"]["days_ahead"]["minimum"] == 1
        assert "swordfish" not in str(answer)

    async def test_a_change_shows_what_is_in_force(self, tenant: Tenant) -> None:
        payload = await change(tenant, "SettingsUpdate", "settings", name="fleet", settings={"days_ahead": 7})
        assert payload == {"plugin": {"settings": {"days_ahead": 7, "token": ""}}, "userErrors": []}

    @pytest.mark.parametrize(
        ("settings", "code", "path"),
        [
            ({"days_ahead": 0}, "INVALID", ["input", "settings", "days_ahead"]),
            ({"days": 1}, "UNKNOWN_FIELD", ["input", "settings", "days"]),
            ([7], "INVALID", ["input", "settings"]),
        ],
    )
    async def test_what_is_wrong_is_said_at_its_place(
        self, tenant: Tenant, settings: object, code: str, path: list[str]
    ) -> None:
        payload = await change(tenant, "SettingsUpdate", "settings", name="fleet", settings=settings)
        assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
        assert payload["plugin"]["settings"]["days_ahead"] == 14

    async def test_of_an_earlier_version_that_no_longer_fit_are_a_problem_that_is_shown(
        self, tenure: RunningTenure, tenant: Tenant
    ) -> None:
        async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
            await connection.execute(
                """INSERT INTO tenant_plugin (tenant_id, plugin, settings)
                   VALUES (%s, 'fleet', '{"days_ahead": "soon"}')""",
                (tenant.id,),
            )
        found = (await seen(tenant, "settings problems"))["fleet"]
        assert found["settings"] is None
        assert "settings of the plugin fleet do not fit" in found["problems"][0]


async def test_fields_of_a_plugin_have_owners_where_it_is_enabled(tenant: Tenant) -> None:
    own = """mutation {
        fieldOwnerSet(input: {entity: "FleetCar", field: "plate", system: "erp"}) { userErrors { code } }
    }"""
    listed = "{ fieldOwners { entity field } }"
    [refusal] = (await tenant.ask(own))["errors"]
    assert refusal["extensions"]["code"] == "FORBIDDEN"
    assert "belongs to the plugin fleet" in refusal["message"]
    await change(tenant, "Enable", name="fleet")
    assert (await tenant.ask(own))["data"]["fieldOwnerSet"]["userErrors"] == []
    assert (await tenant.ask(listed))["data"]["fieldOwners"] == [{"entity": "FleetCar", "field": "plate"}]
    await change(tenant, "Disable", name="fleet")
    assert (await tenant.ask(listed))["data"]["fieldOwners"] == []


async def test_a_plugin_that_was_parked_goes_on(tenure: RunningTenure, tenant: Tenant) -> None:
    await change(tenant, "Enable", name="fleet")
    async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await connection.execute(
            """UPDATE plugin_delivery SET attempts = 9, parked_at = now(), problem = 'It broke'
               WHERE tenant_id = %s""",
            (tenant.id,),
        )
    assert "It broke" in (await seen(tenant, "problems"))["fleet"]["problems"][0]
    payload = await change(tenant, "Resume", "problems", name="fleet")
    assert payload == {"plugin": {"problems": []}, "userErrors": []}


async def test_a_plugin_that_hears_of_nothing_can_not_go_on(tenant: Tenant) -> None:
    payload = await change(tenant, "Resume", name="tolls")
    assert "tolls is not told of this tenant's changes" in payload["userErrors"][0]["message"]


@pytest.mark.parametrize("role", ["reader", "driver"])
@pytest.mark.parametrize(
    "document",
    [
        "{ plugins { name } }",
        'mutation { pluginEnable(input: {name: "fleet"}) { plugin { name } } }',
        'mutation { pluginDisable(input: {name: "fleet"}) { plugin { name } } }',
        'mutation { pluginSettingsUpdate(input: {name: "fleet", settings: {}}) { plugin { name } } }',
        'mutation { pluginResume(input: {name: "fleet"}) { plugin { name } } }',
    ],
)
async def test_nobody_but_administrators_looks_after_plugins(
    tenant: Tenant, role: str, document: str
) -> None:
    answer = await (await tenant.acting_as(role)).ask(document)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "may not look after plugins" in answer["errors"][0]["message"]


async def account_with_car(tenant: Tenant) -> str:
    async with tenant.context("fleet") as context:
        [account] = await context.write.create(Account, [{"name": "Acme"}])
        await context.write.create(FleetCar, [{"plate": "A 1", "account": {"id": str(account.id)}}])
    return str(account.id)


async def purged(tenant: Tenant, account: str) -> dict[str, Any]:
    asked = """mutation ($id: ID!) {
      accountPurge(input: {id: $id}) { purged { entity count } userErrors { code } }
    }"""
    return await tenant.ask(asked, id=account)


async def test_a_tenant_without_a_plugin_purges_what_the_plugin_has_nothing_on(tenant: Tenant) -> None:
    made = await tenant.ask('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    answer = await purged(tenant, made["data"]["accountCreate"]["account"]["id"])
    assert answer["data"]["accountPurge"]["purged"] == [{"entity": "Account", "count": 1}]


async def test_what_a_disabled_plugin_has_left_is_not_purged_unseen(tenant: Tenant) -> None:
    await change(tenant, "Enable", name="fleet")
    seeing = await tenant.acting_as("admin")
    account = await account_with_car(seeing)
    await change(tenant, "Disable", name="fleet")
    [error] = (await purged(tenant, account))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "fleetCars belongs to the plugin fleet" in error["message"]
    await change(tenant, "Enable", name="fleet")
    answer = await purged(tenant, account)
    assert {one["entity"] for one in answer["data"]["accountPurge"]["purged"]} == {"Account", "FleetCar"}
