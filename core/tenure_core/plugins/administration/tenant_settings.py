"""Reads and changes a tenant's settings of a plugin, validated by the model that the plugin registers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Iterator, Mapping
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ValidationError

from tenure_core.entities.scalar_types import to_jsonb_text
from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.plugins.registrations import SettingsModel
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.results import ErrorCode, RowPath, UserError

REDACTED = "**********"
"""The value that pydantic writes instead of a secret. If a client sends it back, the secret is kept."""

UPDATE_CONTEXT = {"changing": True}
"""The validation context (`info.context`) when a tenant changes its settings; None when settings are read.

A validator can therefore reject new values and still accept stored values.
"""

READ = "SELECT settings FROM tenant_plugin WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s"

LOCK = """
    INSERT INTO tenant_plugin (tenant_id, plugin) VALUES (%(tenant)s, %(plugin)s)
    ON CONFLICT (tenant_id, plugin) DO UPDATE SET plugin = excluded.plugin
    RETURNING settings
"""
"""Returns the stored settings and locks them until the transaction ends."""

STORE = """
    UPDATE tenant_plugin SET settings = %(settings)s WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


class NoSettings(BaseModel):
    """The settings of a plugin that registers no settings."""


def settings_model(plugin: LoadedPlugin) -> type[BaseModel]:
    """Return the settings model of a plugin; `NoSettings` if it registers none."""
    return _registration(plugin).model


def _registration(plugin: LoadedPlugin) -> SettingsModel:
    return plugin.registration(SettingsModel) or SettingsModel(NoSettings)


async def read_settings(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> BaseModel:
    """Return a tenant's settings of a plugin; settings that the tenant has not set have their defaults.

    Raises:
        PluginError: The stored settings are invalid for this version of the plugin.
    """
    stored = await _fetch_settings(connection, READ, plugin, tenant_id)
    try:
        return _validate(plugin, stored)
    except ValidationError as error:
        [first, *_] = _to_user_errors(error)
        raise PluginError(
            f"The tenant's settings of the plugin {plugin.name} are invalid for its version "
            f"{plugin.manifest.version}: {first}.",
            "Change them with the mutation `pluginSettingsUpdate`.",
        ) from None


async def change_settings(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID, changes: Mapping[str, object]
) -> list[UserError]:
    """Change settings of a plugin in a tenant. If a value is invalid, nothing is changed.

    Args:
        connection: A connection in a transaction of the tenant.
        plugin: The plugin.
        tenant_id: The tenant.
        changes: The new values by name, as JSON values; None resets a setting to its default.

    Returns:
        The errors; each path starts with the name of the setting.
    """
    known = _registration(plugin).names
    if unknown := [name for name in changes if name not in known]:
        message = f"the plugin {plugin.name} has no such setting; settings: {', '.join(known) or 'none'}"
        return [UserError(ErrorCode.UNKNOWN_FIELD, (name,), message) for name in unknown]
    if errors := list(_check_jsonb(changes)):
        return errors
    stored = await _fetch_settings(connection, LOCK, plugin, tenant_id)
    merged = {
        name: _restore_secrets(value, stored.get(name)) for name, value in {**stored, **changes}.items()
    }
    settings = {name: value for name, value in merged.items() if value is not None}
    if errors := _find_errors(plugin, settings, changes):
        return errors
    parameters = {"tenant": tenant_id, "plugin": plugin.name, "settings": Jsonb(settings)}
    await connection.execute(STORE, parameters)
    return []


def redact(settings: BaseModel) -> dict[str, Any]:
    """Return settings as JSON values, with `REDACTED` in place of secrets."""
    return settings.model_dump(mode="json", by_alias=True)


async def _fetch_settings(
    connection: TenantConnection, statement: str, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> dict[str, Any]:
    cursor = await connection.execute(statement, {"tenant": tenant_id, "plugin": plugin.name})
    row = await cursor.fetchone()
    return row[0] if row else {}


def _validate(
    plugin: LoadedPlugin, settings: Mapping[str, object], context: Mapping[str, bool] | None = None
) -> BaseModel:
    return settings_model(plugin).model_validate_json(json.dumps(settings), context=context)


def _check_jsonb(changes: Mapping[str, object]) -> Iterator[UserError]:
    """Yield an error for each value that PostgreSQL cannot store."""
    for name, value in changes.items():
        try:
            to_jsonb_text(value)
        except ValueError as error:
            yield UserError(ErrorCode.INVALID, (name,), str(error))


def _restore_secrets(sent: object, stored: object) -> object:
    """Return the sent value with each redacted secret replaced by the stored one."""
    if sent == REDACTED:
        return stored
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {name: _restore_secrets(value, stored.get(name)) for name, value in sent.items()}
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        return [_restore_secrets(item, other) for item, other in zip(sent, stored, strict=True)]
    return sent


def _find_errors(
    plugin: LoadedPlugin, settings: Mapping[str, object], changes: Container[str]
) -> list[UserError]:
    """Return the errors of the settings. Settings that do not change only have to be readable."""
    return _validation_errors(plugin, settings) or [
        error
        for error in _validation_errors(plugin, settings, UPDATE_CONTEXT)
        if not error.path or error.path[0] in changes
    ]


def _validation_errors(
    plugin: LoadedPlugin, settings: Mapping[str, object], context: Mapping[str, bool] | None = None
) -> list[UserError]:
    try:
        _validate(plugin, settings, context)
    except ValidationError as error:
        return list(_to_user_errors(error))
    return []


def _to_user_errors(error: ValidationError) -> Iterator[UserError]:
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        path: RowPath = tuple(detail["loc"])
        yield UserError(ErrorCode.INVALID, path, detail["msg"])
