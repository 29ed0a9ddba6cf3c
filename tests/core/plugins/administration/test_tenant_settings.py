"""A tenant's settings of a plugin are validated and stored, and secrets are redacted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator
from tests.support.plugin_factory import plugin

from tenure_core.access.identity import Actor
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.tenant_settings import (
    REDACTED,
    change_settings,
    read_settings,
    redact,
)
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
    def _validate_regions(cls, regions: list[str], info: ValidationInfo) -> list[str]:
        if info.context and info.context["changing"] and "moon" in regions:
            raise ValueError("the moon is not served")
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
    async with database.write_transaction(actor.tenant_id, "test", "test") as opened:
        yield opened


async def test_unset_settings_have_their_defaults(connection: TenantConnection, actor: Actor) -> None:
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings()


async def test_a_model_can_reject_new_values_and_accept_stored_values(
    connection: TenantConnection, actor: Actor
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["moon"]})
    assert error.path == ("regions",)
    update = """UPDATE tenant_plugin SET settings = '{"regions": ["moon"]}' WHERE tenant_id = %s"""
    await connection.execute(update, (actor.tenant_id,))
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings(regions=["moon"])
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7}) == []
    [second_error] = await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["moon"]})
    assert second_error.path == ("regions",)


async def test_set_values_are_kept_and_other_settings_have_their_defaults(
    connection: TenantConnection, actor: Actor
) -> None:
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7}) == []
    assert await change_settings(connection, FLEET, actor.tenant_id, {"regions": ["north"]}) == []
    settings = await read_settings(connection, FLEET, actor.tenant_id)
    assert settings == FleetSettings(days_ahead=7, regions=["north"])
    assert await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": None}) == []
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings(regions=["north"])


async def test_an_invalid_value_is_rejected_with_its_path_and_nothing_is_changed(
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
async def test_text_that_cannot_be_stored_is_rejected_with_its_setting(
    connection: TenantConnection, actor: Actor, changes: dict[str, object], name: str
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, changes)
    assert (error.code, error.path) == (ErrorCode.INVALID, (name,))
    assert "text must not contain" in error.message
    assert await read_settings(connection, FLEET, actor.tenant_id) == FleetSettings()


async def test_an_unknown_setting_is_rejected_with_the_known_ones(
    connection: TenantConnection, actor: Actor
) -> None:
    [error] = await change_settings(connection, FLEET, actor.tenant_id, {"daysAhead": 7})
    assert (error.code, error.path) == (ErrorCode.UNKNOWN_FIELD, ("daysAhead",))
    assert "days_ahead, regions, token, gateways" in error.message


async def test_secrets_can_be_used_and_are_redacted(connection: TenantConnection, actor: Actor) -> None:
    changes = {"token": "swordfish", "gateways": [{"token": "trout"}]}
    await change_settings(connection, FLEET, actor.tenant_id, changes)
    settings = await read_settings(connection, FLEET, actor.tenant_id)
    assert isinstance(settings, FleetSettings)
    assert settings.token.get_secret_value() == "swordfish"
    assert redact(settings)["token"] == REDACTED
    assert "swordfish" not in str(redact(settings))
    assert "trout" not in str(redact(settings))


async def test_redacted_settings_that_are_sent_back_keep_their_secrets(
    connection: TenantConnection, actor: Actor
) -> None:
    changes = {"token": "swordfish", "gateways": [{"token": "trout"}]}
    await change_settings(connection, FLEET, actor.tenant_id, changes)
    before = await read_settings(connection, FLEET, actor.tenant_id)
    assert await change_settings(connection, FLEET, actor.tenant_id, redact(before)) == []
    assert await read_settings(connection, FLEET, actor.tenant_id) == before


async def test_each_tenant_has_its_own_settings(
    database: Database, connection: TenantConnection, actor: Actor, other_actor: Actor
) -> None:
    await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7})
    async with database.tenant_connection(other_actor.tenant_id) as other:
        assert await read_settings(other, FLEET, other_actor.tenant_id) == FleetSettings()


async def test_stored_settings_that_are_invalid_for_a_new_version_are_reported_and_can_be_changed(
    connection: TenantConnection, actor: Actor
) -> None:
    newer = fleet(NewFleetSettings)
    await change_settings(connection, FLEET, actor.tenant_id, {"days_ahead": 7, "regions": ["north"]})
    with pytest.raises(PluginError, match=r"fleet are invalid .* days_ahead: .*pluginSettingsUpdate"):
        await read_settings(connection, newer, actor.tenant_id)
    assert await change_settings(connection, newer, actor.tenant_id, {"days_ahead": None}) == []
    assert await read_settings(connection, newer, actor.tenant_id) == NewFleetSettings()
