"""Step that calls the validators of the tenant's plugins with the rows that are about to be written.

All validators receive the same rows, and the row is rejected with the errors of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.errors import ForbiddenError, PluginFailedError, TenureError
from tenure_core.postgres.database import translate_error
from tenure_core.write import sql
from tenure_core.write.context import EntityWriteContext
from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.pending_row import AnyRow, PendingRow, valid_rows
from tenure_core.write.rows.plugin_enum_values import check_plugin_enum_values
from tenure_core.write.steps.row_store import json_columns
from tenure_core.write.write_set import RowError, RowWrite, Validator, Values, WriteSet


async def run_validators(context: EntityWriteContext, rows: list[AnyRow]) -> list[AnyRow]:
    """Reject rows that a validator rejects, or that contain a value of a plugin that is not enabled.

    The records of the rows are locked.

    Raises:
        PluginFailedError: A validator failed.
    """
    check_plugin_enum_values(context.catalog, context.entity, context.actor, rows)
    rows = valid_rows(rows)
    if not context.enabled_validators:
        return rows
    by_id = {row.id: row for row in rows}
    for error in await collect_errors(context, [_to_row_write(context, row) for row in rows]):
        by_id[error.row.id].add_error(ErrorCode.REJECTED, error.path, error.message)
    return valid_rows(rows)


def _to_row_write(context: EntityWriteContext, row: PendingRow) -> RowWrite:
    assert row.id  # noqa: S101  # every row has an id before it is validated
    values = row.parsed.values
    decoded = {
        column: orjson.loads(value)
        for column in json_columns(context.entity.table) & values.keys()
        if isinstance(value := values[column], str)
    }
    return RowWrite(row.id, row.operation, MappingProxyType({**values, **decoded}))


async def collect_errors(context: EntityWriteContext, rows: Sequence[RowWrite]) -> list[RowError]:
    """Return the errors of all validators for some rows.

    Raises:
        PluginFailedError: A validator failed.
    """
    if not rows:
        return []
    writes = WriteSet(context.entity.entity_class, rows, _StoredRecords(context, rows).read)
    ids = {row.id for row in rows}
    return [
        error
        for validator in context.enabled_validators
        for error in await _call_validator(validator, context, writes, ids)
    ]


async def _call_validator(
    validator: Validator, context: EntityWriteContext, writes: WriteSet, ids: set[UUID]
) -> list[RowError]:
    try:
        errors = list(await validator.check(context, writes) or ())
        if any(error.row.id not in ids for error in errors):
            raise ValueError("it rejects a row that is not in the write set")
    except Exception as failure:
        error = translate_error(failure) if isinstance(failure, psycopg.Error) else failure
        if isinstance(error, ForbiddenError) or (isinstance(error, TenureError) and error.retryable):
            raise error from failure
        raise PluginFailedError(
            f"The plugin {validator.plugin} failed to validate a write of {writes.entity.__name__}.",
            "Nothing was written. The server log contains the cause.",
        ) from failure
    return errors


class _StoredRecords:
    """Reads the stored records of some rows once, when the first validator requests them."""

    def __init__(self, context: EntityWriteContext, rows: Iterable[RowWrite]) -> None:
        self._context = context
        self._ids = [row.id for row in rows if row.operation is not ChangeOperation.CREATE]
        self._records: Mapping[UUID, Values] | None = None

    async def read(self) -> Mapping[UUID, Values]:
        """Return the records by id."""
        if self._records is None:
            self._records = await self._fetch() if self._ids else {}
        return self._records

    async def _fetch(self) -> Mapping[UUID, Values]:
        parameters = {**self._context.actor.parameters, "ids": self._ids}
        async with self._context.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(sql.select_columns(self._context.entity, self._context.grants), parameters)
            return {record["id"]: record for record in await cursor.fetchall()}
