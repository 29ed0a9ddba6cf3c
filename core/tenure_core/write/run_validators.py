"""Checking: asks the plugins of a tenant whether rows may be written, before they are.

Where no plugin wants to know, nothing is done. Where some do, all see the same rows, and what they have
against them counts together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.errors import ForbiddenError, PluginFailedError, TenureError
from tenure_core.plugins.write_set import Refusal, RowWrite, Validator, Values, WriteSet
from tenure_core.postgres.database import TenantConnection, translate_error
from tenure_core.write import sql
from tenure_core.write.results import ErrorCode
from tenure_core.write.row_store import json_columns
from tenure_core.write.rows.pending_row import PendingRow, valid_rows
from tenure_core.write.rows.plugin_enum_values import check_plugin_enum_values

AnyDraft = TypeVar("AnyDraft", bound=PendingRow)


async def run_validators(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    drafts: Sequence[AnyDraft],
    operation_of: Callable[[AnyDraft], ChangeOperation],
) -> None:
    """Refuse each draft that says what only a plugin may bring, or that a plugin has something against.

    Args:
        connection: In a transaction of the actor's tenant; the drafts' records are locked.
        catalog: Who checks.
        entity: What the drafts are of.
        actor: Who writes.
        drafts: What is about to be written; only sound ones are shown.
        operation_of: What is about to happen to a draft's record.

    Raises:
        PluginFailedError: A plugin's check failed.
    """
    check_plugin_enum_values(catalog, entity, actor, drafts)
    if not enabled_validators(catalog, actor):
        return
    by_id = {draft.id: draft for draft in valid_rows(drafts) if draft.id}
    documents = json_columns(entity.table)
    rows = [
        RowWrite(identity, operation_of(draft), _as_python(draft.parsed.values, documents))
        for identity, draft in by_id.items()
    ]
    for refusal in await collect_refusals(connection, catalog, entity, actor, rows):
        by_id[refusal.row.id].add_error(ErrorCode.VALIDATOR_ERROR_CODE, refusal.path, refusal.message)


def enabled_validators(catalog: Catalog, actor: Actor) -> list[Validator]:
    """Return who checks what an actor writes: the plugins that want to, and that the tenant has enabled."""
    return [one for one in catalog.validators if one.plugin in actor.plugins]


async def collect_refusals(
    connection: TenantConnection,
    catalog: Catalog,
    entity: EntityInfo,
    actor: Actor,
    rows: Sequence[RowWrite],
) -> list[Refusal]:
    """Return what plugins have against some rows.

    Raises:
        PluginFailedError: A plugin's check failed.
    """
    if not rows:
        return []
    stored = _Stored(connection, entity, actor, rows)
    writes = WriteSet(entity.entity_class, rows, stored.read)
    ids = {row.id for row in rows}
    return [
        refusal
        for one in enabled_validators(catalog, actor)
        for refusal in await _asked(one, connection, catalog, actor, writes, ids)
    ]


async def _asked(
    one: Validator,
    connection: TenantConnection,
    catalog: Catalog,
    actor: Actor,
    writes: WriteSet,
    ids: set[UUID],
) -> list[Refusal]:
    try:
        found = list(await one.check(connection, catalog, actor, writes) or ())
        if any(refusal.row.id not in ids for refusal in found):
            raise ValueError("it refuses a row that it was not shown")
    except Exception as error:
        known = translate_error(error) if isinstance(error, psycopg.Error) else error
        if isinstance(known, ForbiddenError) or (isinstance(known, TenureError) and known.retryable):
            raise known from error
        name = writes.entity.__name__
        raise PluginFailedError(
            f"The plugin {one.plugin} failed to check a write of {name}.",
            "Nothing was written. The server's log has the cause.",
        ) from error
    return found


class _Stored:
    """Reads the records of some rows once, when the first plugin asks for them."""

    def __init__(
        self, connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Iterable[RowWrite]
    ) -> None:
        self._connection = connection
        self._entity = entity
        self._actor = actor
        self._ids = [row.id for row in rows if row.operation is not ChangeOperation.CREATE]
        self._found: Mapping[UUID, Values] | None = None

    async def read(self) -> Mapping[UUID, Values]:
        """Return the records by their ids."""
        if self._found is None:
            self._found = await self._read() if self._ids else {}
        return self._found

    async def _read(self) -> Mapping[UUID, Values]:
        parameters = {"tenant": self._actor.tenant_id, "ids": self._ids}
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql.stored(self._entity.table), parameters)
            return {row["id"]: row for row in await cursor.fetchall()}


def _as_python(values: Mapping[str, object], documents: frozenset[str]) -> Values:
    """Return values by column as Python has them, for reading only: JSON is text on its way."""
    read = {c: orjson.loads(v) for c in documents & values.keys() if isinstance(v := values[c], str)}
    return MappingProxyType({**values, **read})
