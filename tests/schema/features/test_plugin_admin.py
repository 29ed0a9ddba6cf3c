"""Plugin administration over the API: administrators read, enable and configure plugins."""

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
    """Settings of the fleet plugin."""

    days_ahead: int = Field(14, ge=1, description="How many days ahead services are planned.")
    token: SecretStr = SecretStr("")


async def nothing(**_: object) -> None:
    """Do nothing."""


async def on_change(changes: object) -> None:
    """Ignore the changes."""


ROLES = [
    Permission(name="fleet.drive", doc="Drive."),
    RoleDefinition(name="driver", doc="For drivers.", reads=(FleetCar,), permissions=("fleet.drive",)),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugin = fleet(
        register_activity_kinds=lambda: ["ROADSIDE_HELP"],
        register_roles=lambda: ROLES,
        register_settings=lambda: FleetSettings,
        register_jobs=lambda: [Job(name="idle", doc="Idles.", run=nothing, every=timedelta(days=1))],
        on_change=on_change,
    )
    broken = fleet("broken", register_entities=lambda: 1 / 0)
    dependent = fleet("tolls", requires=("fleet",))
    async with running_tenure(server_url, [plugin, broken, dependent], plugin_failures="skip") as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    """An administrator of a tenant that has enabled no plugin."""
    return await tenure.open_tenant(f"plugins {uuid.uuid4()}", "admin")


async def change(tenant: Tenant, verb: str, fields: str = "name enabled", **sent: object) -> dict[str, Any]:
    """Run a plugin mutation and return its payload."""
    mutation = f"""mutation($input: Plugin{verb}Input!) {{
        plugin{verb}(input: $input) {{ plugin {{ {fields} }} userErrors {{ code path message }} }}
    }}"""
    answer = await tenant.execute(mutation, input=sent)
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"][f"plugin{verb}"]
    return payload


async def list_plugins(tenant: Tenant, fields: str) -> dict[str, Any]:
    """Return the plugins by name."""
    answer = await tenant.execute(f"{{ plugins {{ name {fields} }} }}")
    assert "errors" not in answer, answer
    return {plugin["name"]: plugin for plugin in answer["data"]["plugins"]}


class TestPlugins:
    async def test_each_plugin_has_a_status(self, tenant: Tenant) -> None:
        plugins = await list_plugins(tenant, "status enabled version description problems requires")
        assert list(plugins) == ["fleet", "tolls", "broken"]
        assert plugins["fleet"] == {
            "name": "fleet",
            "status": "LOADED",
            "enabled": False,
            "version": "1.0.0",
            "description": "Cars of customers.",
            "problems": [],
            "requires": [],
        }
        assert plugins["tolls"]["requires"] == ["fleet"]
        assert (plugins["broken"]["status"], plugins["broken"]["version"]) == ("SKIPPED", None)
        assert plugins["broken"]["problems"] == [
            "It was skipped at startup: ZeroDivisionError: division by zero"
        ]

    async def test_a_loaded_plugin_has_its_registrations(self, tenant: Tenant) -> None:
        fields = """entities activityKinds personalData __typename
            permissions { name description } roles { name description reads writes permissions }"""
        assert (await list_plugins(tenant, fields))["fleet"] == {
            "name": "fleet",
            "__typename": "Plugin",
            "entities": ["FleetCar"],
            "activityKinds": ["ROADSIDE_HELP"],
            "personalData": [],
            "permissions": [{"name": "fleet.drive", "description": "Drive."}],
            "roles": [
                {
                    "name": "driver",
                    "description": "For drivers.",
                    "reads": ["FleetCar"],
                    "writes": [],
                    "permissions": ["fleet.drive"],
                }
            ],
        }

    async def test_a_plugin_with_a_change_listener_has_a_lag(self, tenant: Tenant) -> None:
        assert (await list_plugins(tenant, "lag"))["fleet"]["lag"] is None
        await change(tenant, "Enable", name="fleet")
        assert (await list_plugins(tenant, "lag"))["fleet"]["lag"] == 0

    async def test_an_enabled_plugin_that_is_not_installed_is_missing(
        self, tenure: RunningTenure, tenant: Tenant
    ) -> None:
        async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
            await connection.execute(
                "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%s, 'gone', true)",
                (tenant.id,),
            )
        plugin = (await list_plugins(tenant, "status enabled problems"))["gone"]
        assert (plugin["status"], plugin["enabled"]) == ("MISSING", True)
        assert "install it, or disable it" in plugin["problems"][0]
        await change(tenant, "Disable", name="gone")
        assert "gone" not in await list_plugins(tenant, "status")


class TestEnabling:
    CARS = "{ fleetCars { totalCount } }"

    async def test_takes_effect_at_once_and_keeps_the_data(self, tenant: Tenant) -> None:
        rejected = await tenant.execute(self.CARS)
        assert rejected["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert "the plugin fleet, which is not enabled for this tenant" in rejected["errors"][0]["message"]
        payload = await change(tenant, "Enable", name="fleet")
        assert payload == {"plugin": {"name": "fleet", "enabled": True}, "userErrors": []}
        created = await tenant.execute('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
        assert created["data"]["fleetCarCreate"]["status"] == "CREATED"
        await change(tenant, "Disable", name="fleet")
        assert "errors" in await tenant.execute(self.CARS)
        await change(tenant, "Enable", name="fleet")
        assert (await tenant.execute(self.CARS))["data"] == {"fleetCars": {"totalCount": 1}}

    async def test_applies_to_one_tenant(self, tenure: RunningTenure, tenant: Tenant) -> None:
        await change(tenant, "Enable", name="fleet")
        other = await tenure.open_tenant("plugins, another tenant", "admin")
        assert (await list_plugins(other, "enabled"))["fleet"]["enabled"] is False
        assert "errors" in await other.execute(self.CARS)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("nonsense", "The plugin nonsense is not loaded"),
            ("broken", "The plugin broken was skipped at startup"),
            ("tolls", "tolls requires fleet, which is not enabled for this tenant. Enable fleet first"),
        ],
    )
    async def test_a_plugin_that_cannot_be_enabled_is_a_user_error(
        self, tenant: Tenant, name: str, message: str
    ) -> None:
        payload = await change(tenant, "Enable", name=name)
        [error] = payload["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID", ["input", "name"])
        assert message in error["message"]


class TestSettings:
    async def test_are_returned_with_their_schema_and_redacted_secrets(self, tenant: Tenant) -> None:
        await change(tenant, "SettingsUpdate", name="fleet", settings={"days_ahead": 7, "token": "swordfish"})
        answer = await tenant.execute("{ plugins { name settings settingsSchema } }")
        [plugin] = [plugin for plugin in answer["data"]["plugins"] if plugin["name"] == "fleet"]
        assert plugin["settings"] == {"days_ahead": 7, "token": "**********"}
        assert plugin["settingsSchema"]["properties"]["days_ahead"]["minimum"] == 1
        assert "swordfish" not in str(answer)

    async def test_an_update_returns_all_settings(self, tenant: Tenant) -> None:
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
    async def test_an_invalid_setting_is_a_user_error_with_a_path(
        self, tenant: Tenant, settings: object, code: str, path: list[str]
    ) -> None:
        payload = await change(tenant, "SettingsUpdate", "settings", name="fleet", settings=settings)
        assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [(code, path)]
        assert payload["plugin"]["settings"]["days_ahead"] == 14

    async def test_stored_settings_that_are_no_longer_valid_are_a_problem(
        self, tenure: RunningTenure, tenant: Tenant
    ) -> None:
        async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
            await connection.execute(
                """INSERT INTO tenant_plugin (tenant_id, plugin, settings)
                   VALUES (%s, 'fleet', '{"days_ahead": "soon"}')""",
                (tenant.id,),
            )
        plugin = (await list_plugins(tenant, "settings problems"))["fleet"]
        assert plugin["settings"] is None
        assert "settings of the plugin fleet are invalid for its version" in plugin["problems"][0]


async def test_fields_of_an_enabled_plugin_can_have_owners(tenant: Tenant) -> None:
    set_owner = """mutation {
        fieldOwnerSet(input: {entity: "FleetCar", field: "plate", system: "erp"}) { userErrors { code } }
    }"""
    listed = "{ fieldOwners { entity field } }"
    [error] = (await tenant.execute(set_owner))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "belongs to the plugin fleet" in error["message"]
    await change(tenant, "Enable", name="fleet")
    assert (await tenant.execute(set_owner))["data"]["fieldOwnerSet"]["userErrors"] == []
    assert (await tenant.execute(listed))["data"]["fieldOwners"] == [{"entity": "FleetCar", "field": "plate"}]
    await change(tenant, "Disable", name="fleet")
    assert (await tenant.execute(listed))["data"]["fieldOwners"] == []


async def test_a_paused_change_listener_can_be_resumed(tenure: RunningTenure, tenant: Tenant) -> None:
    await change(tenant, "Enable", name="fleet")
    async with tenure.database.write_transaction(tenant.id, "test", "test") as connection:
        await connection.execute(
            """UPDATE change_listener SET attempts = 9, paused_at = now(), last_error = 'It broke'
               WHERE tenant_id = %s""",
            (tenant.id,),
        )
    assert "It broke" in (await list_plugins(tenant, "problems"))["fleet"]["problems"][0]
    payload = await change(tenant, "ChangeListenerResume", "problems", name="fleet")
    assert payload == {"plugin": {"problems": []}, "userErrors": []}


async def test_a_plugin_without_a_change_listener_cannot_be_resumed(tenant: Tenant) -> None:
    payload = await change(tenant, "ChangeListenerResume", name="tolls")
    assert "tolls has no change listener in this tenant" in payload["userErrors"][0]["message"]


@pytest.mark.parametrize("role", ["reader", "driver"])
@pytest.mark.parametrize(
    "document",
    [
        "{ plugins { name } }",
        'mutation { pluginEnable(input: {name: "fleet"}) { plugin { name } } }',
        'mutation { pluginDisable(input: {name: "fleet"}) { plugin { name } } }',
        'mutation { pluginSettingsUpdate(input: {name: "fleet", settings: {}}) { plugin { name } } }',
        'mutation { pluginChangeListenerResume(input: {name: "fleet"}) { plugin { name } } }',
    ],
)
async def test_only_administrators_manage_plugins(tenant: Tenant, role: str, document: str) -> None:
    answer = await (await tenant.with_role(role)).execute(document)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert "cannot manage plugins" in answer["errors"][0]["message"]


async def create_account_with_car(tenant: Tenant) -> str:
    async with tenant.context("fleet") as context:
        [account] = await context.write.create(Account, [{"name": "Acme"}])
        await context.write.create(FleetCar, [{"plate": "A 1", "account": {"id": str(account.id)}}])
    return str(account.id)


async def purge(tenant: Tenant, account: str) -> dict[str, Any]:
    document = """mutation ($id: ID!) {
      accountPurge(input: {id: $id}) { purged { entity count } userErrors { code } }
    }"""
    return await tenant.execute(document, id=account)


async def test_an_account_without_records_of_a_disabled_plugin_can_be_purged(tenant: Tenant) -> None:
    created = await tenant.execute('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    answer = await purge(tenant, created["data"]["accountCreate"]["account"]["id"])
    assert answer["data"]["accountPurge"]["purged"] == [{"entity": "Account", "count": 1}]


async def test_an_account_with_records_of_a_disabled_plugin_cannot_be_purged(tenant: Tenant) -> None:
    await change(tenant, "Enable", name="fleet")
    admin = await tenant.with_role("admin")
    account = await create_account_with_car(admin)
    await change(tenant, "Disable", name="fleet")
    [error] = (await purge(tenant, account))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "fleetCars belongs to the plugin fleet" in error["message"]
    await change(tenant, "Enable", name="fleet")
    answer = await purge(tenant, account)
    assert {count["entity"] for count in answer["data"]["accountPurge"]["purged"]} == {"Account", "FleetCar"}
