"""Uniqueness: refuses what would give two living records one value of a unique field.

Two writers that race for one value pass both; the table's index then stops the later one, whose transaction
is tried again and finds the value taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import EntityInfo, ScalarField
from tenure_core.errors import ConflictError
from tenure_core.postgres.database import TenantConnection
from tenure_core.write import sql
from tenure_core.write.results import ErrorCode
from tenure_core.write.rows.match_key import UniqueKey
from tenure_core.write.rows.pending_row import PendingRow, valid_rows
from tenure_core.write.rows.upsert_row import UpsertRow

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its dialects


def sql_type(one: ScalarField) -> str:
    """Return the PostgreSQL type of a field's column, as SQL writes it."""
    return str(one.column.type.compile(dialect=DIALECT)).partition(" COLLATE")[0]


async def find_by_unique_value(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, rows: Sequence[UpsertRow]
) -> None:
    """Give each row that is matched by a unique value the id of the record which has it, if there is one."""
    for one in entity.unique_fields:
        asking = {
            row.match.key.value: row
            for row in rows
            if row.match and isinstance(row.match.key, UniqueKey) and row.match.key.field == one.name
        }
        if not asking:
            continue
        statement = sql.by_unique_value(entity.table, str(one.column.name), sql_type(one))
        parameters = {"tenant": actor.tenant_id, "values": list(asking)}
        cursor = await connection.execute(statement, parameters)
        for value, identity in await cursor.fetchall():
            asking[value].id = identity


async def check_unique(
    connection: TenantConnection, entity: EntityInfo, actor: Actor, drafts: Sequence[PendingRow]
) -> None:
    """Refuse each draft that wants a value which an earlier draft wants, too, or which another record has."""
    for one in entity.unique_fields:
        _refuse_in_call(one, drafts)
        await _refuse_taken(connection, entity, actor, one, valid_rows(drafts))


def _refuse_in_call(one: ScalarField, drafts: Sequence[PendingRow]) -> None:
    first: set[object] = set()
    for draft in valid_rows(drafts):
        value = draft.parsed.values.get(one.column.name)
        if value is not None and value in first:
            _refuse(draft, one, "another row of this call has it, too")
        first.add(value)


async def _refuse_taken(
    connection: TenantConnection,
    entity: EntityInfo,
    actor: Actor,
    one: ScalarField,
    drafts: Sequence[PendingRow],
) -> None:
    column = str(one.column.name)
    asked = [draft for draft in drafts if column in draft.parsed.values or draft.stored is not None]
    if not asked:
        return
    parameters = {
        "tenant": actor.tenant_id,
        "ids": [draft.id for draft in asked],
        "values": [draft.parsed.values.get(column) for draft in asked],
        "said": [column in draft.parsed.values for draft in asked],
    }
    statement = sql.unique_conflicts(entity.table, column, sql_type(one))
    cursor = await connection.execute(statement, parameters)
    clashing = {identity for (identity,) in await cursor.fetchall()}
    for draft in asked:
        if draft.id in clashing and _means_its_holder(draft, one):
            raise ConflictError("A record with a unique value was made just now.", "Send it again.")
        if draft.id in clashing:
            _refuse(draft, one, f"another {entity.singular} has it")


def _means_its_holder(draft: PendingRow, one: ScalarField) -> bool:
    """Whether a draft is a row that means the record with this value, and a moment ago there was none."""
    if not isinstance(draft, UpsertRow) or draft.stored is not None or draft.match is None:
        return False
    value = draft.parsed.values.get(str(one.column.name))
    return isinstance(draft.match.key, UniqueKey) and draft.match.key == (one.name, value)


def _refuse(draft: PendingRow, one: ScalarField, message: str) -> None:
    draft.add_error(ErrorCode.DUPLICATE, (one.name,), message)
