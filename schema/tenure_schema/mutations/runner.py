"""Runs a mutation in a transaction, once per idempotency key. Used by the executor for every mutation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from tenure_core.postgres.database import TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.write.idempotency import IdempotencyRecord, KeyReusedError
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.transaction import run_in_transaction
from tenure_schema.mutations.mutation import FieldValues, Mutation, MutationContext
from tenure_schema.mutations.rendering import render_errors, select_fields

IDEMPOTENCY_KEY = "idempotencyKey"
REPLAYED = "replayed"


async def run(mutation: Mutation, field: SelectedField, context: MutationContext) -> dict[str, Any]:
    """Run a mutation that `Mutation.check` accepted, and return its payload by response keys.

    Raises:
        TenureError: The database is not available, or rejects the write.
    """
    try:
        record = build_idempotency_record(field, context)
    except ValueError as error:
        return _reject(mutation, field, ErrorCode.INVALID, error)

    async def work(connection: TenantConnection) -> dict[str, Any]:
        if record is None:
            return _render(mutation, field, (await mutation.write(connection, field, context)).values)
        return await _run_once(mutation, field, context, record, connection)

    try:
        return await run_in_transaction(context.database, context.actor, work)
    except KeyReusedError as error:
        return _reject(mutation, field, ErrorCode.IDEMPOTENCY_KEY_REUSED, error)


async def _run_once(
    mutation: Mutation,
    field: SelectedField,
    context: MutationContext,
    record: IdempotencyRecord,
    connection: TenantConnection,
) -> dict[str, Any]:
    stored = await record.claim(connection, context.actor)
    if stored is not None:
        return cast(dict[str, Any], replay_payload(stored, field))
    result = await mutation.write(connection, field, context)
    payload = _render(mutation, field, result.values)
    if result.written:
        await record.store(connection, context.actor, orjson.dumps(payload))
    else:
        await record.release(connection, context.actor)
    return payload


def build_idempotency_record(field: SelectedField, context: MutationContext) -> IdempotencyRecord | None:
    """Return the idempotency record of a mutation, or None if neither input nor header contains a key.

    The record of a key in the header covers all root fields of the request.

    Raises:
        ValueError: The key is not valid.
    """
    given = field.arguments.get("input")
    key: object = given.get(IDEMPOTENCY_KEY) if isinstance(given, Mapping) else None
    days = context.settings.idempotency_days
    if key is not None:
        return IdempotencyRecord.of(key, field, days)
    if context.idempotency_key is None:
        return None
    suffix = f" {field.key}" if len(context.roots) > 1 else ""
    return IdempotencyRecord.of(f"{context.idempotency_key}{suffix}", context.roots, days)


def replay_payload(stored: bytes, field: SelectedField) -> object:
    """Return a stored payload with the value true in its field `replayed`, if selected."""
    payload: object = orjson.loads(stored)
    if not isinstance(payload, Mapping):
        return payload
    return {**payload, **{f.key: True for f in field.fields if f.name == REPLAYED}}


def _reject(mutation: Mutation, field: SelectedField, code: ErrorCode, error: Exception) -> dict[str, Any]:
    errors = render_errors([UserError(code, (IDEMPOTENCY_KEY,), str(error))])
    return _render(mutation, field, {**mutation.rejected_values, "userErrors": errors})


def _render(mutation: Mutation, field: SelectedField, values: FieldValues) -> dict[str, Any]:
    payload = {TYPE_NAME: mutation.payload_type, REPLAYED: False, **values}
    return cast(dict[str, Any], select_fields(payload, field.fields))
