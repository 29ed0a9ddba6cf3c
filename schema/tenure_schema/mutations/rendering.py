"""Renders payloads: selects the requested fields, and reads the written records."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.postgres.database import TenantConnection
from tenure_core.query.execute import fetch
from tenure_core.query.plan import bind_values, plan_records
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.query.sql import compile
from tenure_core.write.results import RowResult, UserError
from tenure_schema.mutations.mutation import MutationContext


@dataclass(frozen=True, slots=True)
class RenderedValue:
    """A value whose fields are already selected.

    Args:
        by_key: The rendered value for each response key under which the field was requested.
    """

    by_key: Mapping[str, object]


def select_fields(value: object, fields: Sequence[SelectedField]) -> object:
    """Return a value with the selected fields only, under their response keys.

    Args:
        value: A mapping by field name, a list of such mappings, or a scalar.
        fields: The selected fields; empty for a scalar.
    """
    if not fields or value is None:
        return value
    if isinstance(value, Mapping):
        return {field.key: _select_field(value[field.name], field) for field in fields}
    if isinstance(value, list):
        return [select_fields(member, fields) for member in value]
    return value


def _select_field(value: object, field: SelectedField) -> object:
    return value.by_key[field.key] if isinstance(value, RenderedValue) else select_fields(value, field.fields)


def find_fields(field: SelectedField, *path: str) -> list[SelectedField]:
    """Return the selected fields at a path of names; with aliases, there can be several."""
    fields = [field]
    for name in path:
        fields = [inner for outer in fields for inner in outer.fields if inner.name == name]
    return fields


def render_errors(errors: Iterable[UserError], *path: str) -> list[dict[str, object]]:
    """Return user errors as values of the type UserError.

    Args:
        errors: The errors of a row.
        path: The path from the input to the row.
    """
    return [
        {
            TYPE_NAME: "UserError",
            "code": error.code.value,
            "path": ["input", *path, *map(str, error.path)],
            "message": error.message,
        }
        for error in errors
    ]


def render_result(type_name: str, result: RowResult, *path: str) -> dict[str, object]:
    """Return the fields that all types for the result of one row or operation have."""
    return {
        TYPE_NAME: type_name,
        "index": result.index,
        "status": result.status.value,
        "userErrors": render_errors(result.errors, *path),
    }


def check_payload_cost(
    fields: Iterable[SelectedField], entity: EntityInfo, count: int, context: MutationContext
) -> None:
    """Check the cost of reading written records, before anything is written.

    Args:
        fields: The fields of the payload that contain the records.
        entity: The entity of the records.
        count: How many records each field will contain.
        context: The request.

    Raises:
        RequestTooLargeError: The payload would contain too many records.
        ForbiddenError: The actor must not read a selected field.
    """
    for field in fields:
        if not _needs_no_read(field):
            planned = plan_records(field, entity, [], context.catalog, context.grants, include_deleted=True)
            check_cost(cost(planned.plan) * count, context.settings.max_cost)


async def render_records(
    fields: Sequence[SelectedField],
    entity: EntityInfo,
    ids: Iterable[uuid.UUID],
    connection: TenantConnection,
    context: MutationContext,
) -> Mapping[uuid.UUID, RenderedValue]:
    """Read the selected fields of written records, with one statement per payload field.

    Args:
        fields: The fields of the payload that contain a record.
        entity: The entity of the records.
        ids: The ids of the records.
        connection: The transaction that wrote the records.
        context: The request.
    """
    rendered: dict[uuid.UUID, dict[str, object]] = {identity: {} for identity in ids}
    unique = list(rendered)
    for field in fields if unique else ():
        records = await _read_records(field, entity, unique, connection, context)
        for identity, record in zip(unique, records, strict=True):
            rendered[identity][field.key] = record
    return {identity: RenderedValue(by_key) for identity, by_key in rendered.items()}


async def _read_records(
    field: SelectedField,
    entity: EntityInfo,
    ids: list[uuid.UUID],
    connection: TenantConnection,
    context: MutationContext,
) -> list[object]:
    if _needs_no_read(field):
        return [_render_identity(field, entity, identity) for identity in ids]
    planned = plan_records(field, entity, ids, context.catalog, context.grants, include_deleted=True)
    json = await fetch(connection, context.actor, compile(planned.plan), bind_values(planned.binds, {}))
    records: list[object] = orjson.loads(json)
    await context.batch_resolver.resolve(connection, planned.plan, records)
    return records


def _needs_no_read(field: SelectedField) -> bool:
    """Return whether the record's id is enough to render the selected fields."""
    return all(f.name in ("id", TYPE_NAME) for f in field.fields)


def _render_identity(field: SelectedField, entity: EntityInfo, identity: uuid.UUID) -> object:
    return {f.key: identity if f.name == "id" else entity.name for f in field.fields}
