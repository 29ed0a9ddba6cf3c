"""Shaping: from the values of a payload to what was asked of it, under the names that the answer gives."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.batch_resolver import BatchResolver
from tenure_core.query.execute import fetch
from tenure_core.query.plan import bind_values, plan_records
from tenure_core.query.plan.cost import cost
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile
from tenure_core.write.results import UserError
from tenure_schema.operations.lowering import TYPE_NAME
from tenure_schema.operations.prepared_operations import check_cost


@dataclass(frozen=True, slots=True)
class RenderedValue:
    """A value that is in its final form already.

    Args:
        by_key: It, under each name that the answer gives it.
    """

    by_key: Mapping[str, object]


def select_fields(value: object, fields: Sequence[SelectedField]) -> object:
    """Return a value with only what was asked of it; one that was asked nothing of stays as it is."""
    if not fields or value is None:
        return value
    if isinstance(value, Mapping):
        return {f.key: _shaped_field(value[f.name], f) for f in fields}
    if isinstance(value, list):
        return [select_fields(one, fields) for one in value]
    return value


def _shaped_field(value: object, field: SelectedField) -> object:
    return value.by_key[field.key] if isinstance(value, RenderedValue) else select_fields(value, field.fields)


def user_errors(errors: Iterable[UserError], *where: str) -> list[dict[str, object]]:
    """Return the errors of a row as the API shows them.

    Args:
        errors: The errors.
        where: What leads to the row.
    """
    return [
        {
            TYPE_NAME: "UserError",
            "code": error.code.value,
            "path": ["input", *where, *map(str, error.path)],
            "message": error.message,
        }
        for error in errors
    ]


def check_payload_cost(
    field: SelectedField, entity: EntityInfo, catalog: Catalog, actor: Actor, many: int, most: int
) -> None:
    """Refuse, before anything is written, what would bring too much of the written records.

    Raises:
        RequestTooLargeError: It would bring more records than are allowed.
        ForbiddenError: Something asked for may not be read.
    """
    if not _is_known(field):
        planned = plan_records(field, entity, [], catalog, authorize(actor, catalog))
        check_cost(cost(planned.plan) * many, most)


async def render_records(
    fields: Sequence[SelectedField],
    entity: EntityInfo,
    ids: Sequence[uuid.UUID],
    connection: TenantConnection,
    coder: BatchResolver,
) -> Mapping[uuid.UUID, RenderedValue]:
    """Return what is asked of records just written, by their ids: a statement per field, whatever it nests.

    Args:
        fields: The fields that show the record, each with what is asked of it.
        entity: What the records are of.
        ids: Which ones.
        connection: In the transaction that has written them.
        coder: Fills what plugins' code computes.
    """
    found: dict[uuid.UUID, dict[str, object]] = {identity: {} for identity in ids}
    unique = list(found)
    for field in fields if ids else ():
        for identity, record in zip(
            unique, await _records(field, entity, unique, connection, coder), strict=True
        ):
            found[identity][field.key] = record
    return {identity: RenderedValue(by_key) for identity, by_key in found.items()}


async def _records(
    field: SelectedField,
    entity: EntityInfo,
    ids: list[uuid.UUID],
    connection: TenantConnection,
    coder: BatchResolver,
) -> list[object]:
    if _is_known(field):
        return [_known(field, entity, identity) for identity in ids]
    catalog, actor = coder.host.catalog, coder.actor
    planned = plan_records(field, entity, ids, catalog, authorize(actor, catalog))
    found = await fetch(connection, actor.tenant_id, compile(planned.plan), bind_values(planned.binds, {}))
    listed: list[object] = orjson.loads(found)
    await coder.resolve(connection, planned.plan, listed)
    return listed


def _is_known(field: SelectedField) -> bool:
    """Whether nothing is asked of a record that its id alone does not tell."""
    return all(f.name in ("id", TYPE_NAME) for f in field.fields)


def _known(field: SelectedField, entity: EntityInfo, identity: uuid.UUID) -> object:
    return {f.key: identity if f.name == "id" else entity.name for f in field.fields}
