"""Settings of plugins: what a tenant sets is checked and kept, and secrets are never shown."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.tenant_settings import HIDDEN, change_settings, read_settings, redact
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.host import load_host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings
from tenure_core.write.results import ErrorCode


class Gateway(BaseModel):
    url: str = "https://gateway.example"
    token: SecretStr = SecretStr("")


class FleetSettings(BaseModel):
    days_ahead: int = Field(14, ge=1)
    regions: list[str] = []
    token: SecretStr = SecretStr("")
    gateways: list[Gateway] = []

    @field_validator("regions")
    @classmethod
    def _regions_are_served(cls, regions: list[str], info: ValidationInfo) -> list[str]:
        if info.context and info.context["changing"] and "moon" in regions:
            raise ValueError("nobody serves the moon")
        return regions


class NewFleetSettings(BaseModel):
    days_ahead: bool = False


def fleet(model: type[BaseModel]) -> LoadedPlugin:
    @hookimpl
    def register_settings() -> type[BaseModel]:
        return model

    return load_host(Settings(), [plugin(register_settings=register_settings)])["fleet"]


FLEET = fleet(FleetSettings)


@pytest.fixture
async def connection(database: Database, actor: Actor) -> AsyncIterator[TenantConnection]:
    async with database.write_transaction(actor.tenant_id, "test", "test") as lent:
        yield lent


async def test_a_tenant_that_has_set_nothing_has_the_defaults(
    connection: TenantConnection, actor: Actor
) -> None:
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings()


async def test_a_model_may_refuse_what_is_new_and_read_what_is_stored(
    connection: TenantConnection, actor: Actor
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["moon"]})
    assert error.path == ("regions",)
    set_before = """UPDATE tenant_plugin SET settings = '{"regions": ["moon"]}' WHERE tenant_id = %s"""
    await connection.execute(set_before, (actor.tenant_id,))
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings(regions=["moon"])
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7}) == []
    [again] = await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["moon"]})
    assert again.path == ("regions",)


async def test_what_is_set_stays_and_the_rest_follows_the_defaults(
    connection: TenantConnection, actor: Actor
) -> None:
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7}) == []
    assert await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["north"]}) == []
    found = await read_settings(connection, FLEET, actor.tenant_id)
    assert found == FleetSettings(days_ahead=7, regions=["north"])
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": None}) == []
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings(regions=["north"])


async def test_a_wrong_value_is_refused_at_its_place_and_nothing_is_changed(
    connection: TenantConnection, actor: Actor
) -> None:
    changes = {"days_ahead": 0, "regions": ["north", 7]}
    errors = await change_settings(connection, FLEET, actor.tenant_id, changes)
    assert [(error.code, error.path) for error in errors] == [
        (ErrorCode.INVALID, ("days_ahead",)),
        (ErrorCode.INVALID, ("regions", 1)),
    ]
    assert "greater than or equal to 1" in errors[0].message
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"token": "a\x00b"}, "token"),
        ({"days_ahead": 7, "regions": ["\ud800"]}, "regions"),
        ({"gateways": [{"url\x00": "https://gateway.example"}]}, "gateways"),
        ({"gateways": [{"url": "a\x00b"}]}, "gateways"),
    ],
)
async def test_text_that_cannot_be_kept_is_refused_at_its_setting(
    connection: TenantConnection, actor: Actor, changes: dict[str, object], name: str
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, changes)
    assert (error.code, error.path) == (ErrorCode.INVALID, (name,))
    assert "text must not contain" in error.message
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings()


async def test_an_unknown_setting_is_refused_with_those_that_there_are(
    connection: TenantConnection, actor: Actor
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, {"daysAhead": 7})
    assert (error.code, error.path) == (ErrorCode.UNKNOWN_FIELD, ("daysAhead",))
    assert "days_ahead, regions, token, gateways" in error.message


async def test_secrets_are_used_and_never_shown(connection: TenantConnection, actor: Actor) -> None:
    changes = {"token": "swordfish", "gateways": [{"token": "trout"}]}
    await change_settings(connection, FLEET, actor.tenant_id, changes)
    found = await read_settings(connection, FLEET, actor.tenant_id)
    assert isinstance(found, FleetSettings)
    assert found.token.get_secret_value() == "swordfish"
    assert redact(found)["token"] == HIDDEN
    assert "swordfish" not in str(redact(found))
    assert "trout" not in str(redact(found))


async def test_settings_that_are_sent_back_as_they_were_shown_keep_their_secrets(
    connection: TenantConnection, actor: Actor
) -> None:
    changes = {"token": "swordfish", "gateways": [{"token": "trout"}]}
    await change_settings(connection, FLEET, actor.tenant_id, changes)
    before = await read_settings(connection, FLEET, actor.tenant_id)
    assert await change_settings(connection, FLEET, actor.tenant_id, redact(before)) == []
    assert await read_settings(connection, FLEET, actor.tenant_id) == before


async def test_each_tenant_has_settings_of_its_own(
    database: Database, connection: TenantConnection, actor: Actor, other_actor: Actor
) -> None:
    await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7})
    async with database.tenant_connection(other_actor.tenant_id) as other:
        assert await read_settings(other, FLEET, other_actor.tenant_id) == FleetSettings()


async def test_settings_that_no_longer_fit_name_the_plugin_and_can_be_mended(
    connection: TenantConnection, actor: Actor
) -> None:
    newer = fleet(NewFleetSettings)
    await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7, "regions": ["north"]})
    with pytest.raises(PluginError, match=r"fleet do not fit .* days_ahead: .*pluginSettingsUpdate"):
        await read_settings(connection, newer, actor.tenant_id)
    assert await change_settings(connection, newer, actor.tenant_id, {"days_ahead": None}) == []
    assert await read_settings(connection, newer, actor.tenant_id) == NewFleetSettings()
