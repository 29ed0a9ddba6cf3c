"""Writing: how every mutation runs: if it may, in a transaction, and once for one idempotency key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import orjson

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.batch_resolver import BatchResolver
from tenure_core.query.request import SelectedField
from tenure_core.settings import Settings
from tenure_core.write.idempotency import IdempotencyRecord, KeyReusedError
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.pending_row import Row
from tenure_core.write.transaction import run_in_transaction
from tenure_schema.mutations.rendering import select_fields, user_errors
from tenure_schema.operations.lowering import TYPE_NAME

IDEMPOTENCY_KEY = "idempotencyKey"
REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class MutationContext:
    """What every mutation of a request is run with.

    Args:
        database: Where to write.
        coder: Who writes, with what there is; fills what plugins' code computes.
        settings: How much may be asked at once.
        header: The idempotency key that came as a header, if any.
        roots: All root fields of the request.
    """

    database: Database
    coder: BatchResolver
    settings: Settings
    header: str | None
    roots: tuple[SelectedField, ...]

    @property
    def actor(self) -> Actor:
        """Who writes."""
        return self.coder.actor

    @property
    def catalog(self) -> Catalog:
        """What there is."""
        return self.coder.host.catalog


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What a mutation has done.

    Args:
        values: The fields of its payload, as `shaped` takes them.
        written: Whether it has written anything.
    """

    values: Mapping[str, object]
    written: bool


class Mutation(Protocol):
    """One mutation of the schema."""

    @property
    def name(self) -> str:
        """Its name in the API."""

    @property
    def payload(self) -> str:
        """The name of its payload's type."""

    @property
    def description(self) -> str:
        """What it does, for people."""

    def check(self, field: SelectedField, call: MutationContext) -> None:
        """Refuse, before anything is done, what may not be written or would bring too much."""

    async def write(
        self, connection: TenantConnection, field: SelectedField, call: MutationContext
    ) -> MutationResult:
        """Do it, in a transaction that others may have to undo."""

    def refused(self, errors: list[UserError]) -> dict[str, object]:
        """Return the payload's fields for a call that was refused as a whole."""


def input_of(field: SelectedField) -> Row:
    """Return the input of a mutation."""
    return cast(Row, field.arguments["input"])


async def run(mutation: Mutation, field: SelectedField, call: MutationContext) -> dict[str, Any]:
    """Run a mutation that was checked, and return its payload by the names of the answer.

    Raises:
        TenureError: The database can't.
    """
    try:
        receipt = receipt_of(field, call)
    except ValueError as error:
        return _payload(mutation, field, _refusal(mutation, ErrorCode.INVALID, str(error)))

    async def work(connection: TenantConnection) -> dict[str, Any]:
        if receipt is None:
            return _payload(mutation, field, (await mutation.write(connection, field, call)).values)
        return await _once(mutation, field, call, receipt, connection)

    try:
        return await run_in_transaction(call.database, call.actor, work)
    except KeyReusedError as error:
        refusal = _refusal(mutation, ErrorCode.IDEMPOTENCY_KEY_REUSED, str(error))
        return _payload(mutation, field, refusal)


async def _once(
    mutation: Mutation,
    field: SelectedField,
    call: MutationContext,
    receipt: IdempotencyRecord,
    connection: TenantConnection,
) -> dict[str, Any]:
    before = await receipt.claim(connection, call.actor)
    if before is not None:
        again = {f.key: True for f in field.fields if f.name == REPLAYED}
        return {**orjson.loads(before), **again}
    outcome = await mutation.write(connection, field, call)
    payload = _payload(mutation, field, outcome.values)
    if outcome.written:
        await receipt.store(connection, call.actor, orjson.dumps(payload))
    else:
        await receipt.release(connection, call.actor)
    return payload


def receipt_of(field: SelectedField, call: MutationContext) -> IdempotencyRecord | None:
    """Return what a mutation is known by, where it has a key: one of its own, or the request's.

    Raises:
        ValueError: The key is none.
    """
    given = field.arguments.get("input")
    key: object = given.get(IDEMPOTENCY_KEY) if isinstance(given, Mapping) else None
    days = call.settings.idempotency_days
    if key is not None:
        return IdempotencyRecord.of(key, field, days)
    if call.header is None:
        return None
    key = call.header if len(call.roots) == 1 else f"{call.header} {field.key}"
    return IdempotencyRecord.of(key, call.roots, days)


def _refusal(mutation: Mutation, code: ErrorCode, message: str) -> dict[str, object]:
    return mutation.refused([UserError(code, (IDEMPOTENCY_KEY,), message)])


def _payload(mutation: Mutation, field: SelectedField, values: Mapping[str, object]) -> dict[str, Any]:
    full = {TYPE_NAME: mutation.payload, REPLAYED: False, **values}
    return cast(dict[str, Any], select_fields(full, field.fields))


def refusal(errors: list[UserError], **fields: object) -> dict[str, object]:
    """Return the fields of a payload for a call that was refused as a whole."""
    return {"userErrors": user_errors(errors), **fields}
