"""Settings of plugins: each tenant has its own, checked by the model that the plugin registers."""

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
from tenure_core.postgres.database import TenantConnection
from tenure_core.write.results import ErrorCode, RowPath, UserError

HIDDEN = "**********"
"""What is shown in the place of a secret, as pydantic writes it; sent back, it leaves the secret as it is."""

READ = "SELECT settings FROM tenant_plugin WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s"

UPDATE_CONTEXT = {"changing": True}
"""What validators find as `info.context` where a tenant changes its settings, and None where they are read.

So a model can refuse what is new and still read what was right when it was set."""

LOCK = """
    INSERT INTO tenant_plugin (tenant_id, plugin) VALUES (%(tenant)s, %(plugin)s)
    ON CONFLICT (tenant_id, plugin) DO UPDATE SET plugin = excluded.plugin
    RETURNING settings
"""
"""Reads what is stored, and keeps others from changing it meanwhile."""

STORE = """
    UPDATE tenant_plugin SET settings = %(settings)s WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s
"""


async def read_settings(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> BaseModel:
    """Return a tenant's settings of a plugin: those that the tenant has set, and the model's defaults.

    Raises:
        PluginError: They do not fit the model, because another version of the plugin took them.
    """
    stored = await _stored(connection, READ, plugin, tenant_id)
    try:
        return _read(plugin, stored)
    except ValidationError as error:
        [first, *_] = _faults(error)
        raise PluginError(
            f"The tenant's settings of the plugin {plugin.name} do not fit its version "
            f"{plugin.manifest.version}: {first}.",
            "Set them anew with the mutation `pluginSettingsUpdate`.",
        ) from None


async def change_settings(
    connection: TenantConnection, plugin: LoadedPlugin, tenant_id: uuid.UUID, changes: Mapping[str, object]
) -> list[UserError]:
    """Change some of a tenant's settings of a plugin; where one of them is wrong, none is changed.

    Args:
        connection: In a transaction of the tenant.
        plugin: Whose settings.
        tenant_id: Which tenant's.
        changes: The new values as JSON has them, by name; None takes a setting back to its default.

    Returns:
        What is wrong with them; the path begins with the name of the setting.
    """
    known = setting_names(plugin)
    if unknown := [name for name in changes if name not in known]:
        present = ", ".join(known) or "none"
        message = f"the plugin {plugin.name} has no such setting; there are: {present}"
        return [UserError(ErrorCode.UNKNOWN_FIELD, (name,), message) for name in unknown]
    if unfit := list(_unfit(changes)):
        return unfit
    stored = await _stored(connection, LOCK, plugin, tenant_id)
    merged = {name: _merged(value, stored.get(name)) for name, value in {**stored, **changes}.items()}
    settings = {name: value for name, value in merged.items() if value is not None}
    if wrong := _wrong(plugin, settings, changes):
        return wrong
    parameters = {"tenant": tenant_id, "plugin": plugin.name, "settings": Jsonb(settings)}
    await connection.execute(STORE, parameters)
    return []


def redact(settings: BaseModel) -> dict[str, Any]:
    """Return settings as JSON has them, with `HIDDEN` in the place of secrets."""
    return settings.model_dump(mode="json", by_alias=True)


def setting_names(plugin: LoadedPlugin) -> list[str]:
    """Return the names of a plugin's settings, as the API calls them."""
    return [field.alias or name for name, field in plugin.settings.model_fields.items()]


async def _stored(
    connection: TenantConnection, statement: str, plugin: LoadedPlugin, tenant_id: uuid.UUID
) -> dict[str, Any]:
    cursor = await connection.execute(statement, {"tenant": tenant_id, "plugin": plugin.name})
    row = await cursor.fetchone()
    return row[0] if row else {}


def _read(
    plugin: LoadedPlugin, settings: Mapping[str, object], context: Mapping[str, bool] | None = None
) -> BaseModel:
    return plugin.settings.model_validate_json(json.dumps(settings), context=context)


def _unfit(changes: Mapping[str, object]) -> Iterator[UserError]:
    """Yield an error for each value that PostgreSQL can't keep, whatever the model says of it."""
    for name, value in changes.items():
        try:
            to_jsonb_text(value)
        except ValueError as error:
            yield UserError(ErrorCode.INVALID, (name,), str(error))


def _merged(sent: object, stored: object) -> object:
    """Return what was sent, with the stored secrets where only their place was sent."""
    if sent == HIDDEN:
        return stored
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {name: _merged(value, stored.get(name)) for name, value in sent.items()}
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        return [_merged(one, other) for one, other in zip(sent, stored, strict=True)]
    return sent


def _wrong(plugin: LoadedPlugin, settings: Mapping[str, object], changes: Container[str]) -> list[UserError]:
    """Return what is wrong with settings; what was set before only has to be readable."""
    return _refused(plugin, settings) or [
        one for one in _refused(plugin, settings, UPDATE_CONTEXT) if not one.path or one.path[0] in changes
    ]


def _refused(
    plugin: LoadedPlugin, settings: Mapping[str, object], context: Mapping[str, bool] | None = None
) -> list[UserError]:
    try:
        _read(plugin, settings, context)
    except ValidationError as error:
        return list(_faults(error))
    return []


def _faults(error: ValidationError) -> Iterator[UserError]:
    for found in error.errors(include_input=False, include_url=False, include_context=False):
        path: RowPath = tuple(found["loc"])
        yield UserError(ErrorCode.INVALID, path, found["msg"])
