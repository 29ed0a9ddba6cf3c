"""SQL statements that read and write rows of an entity's table. No I/O.

Rows are passed as one JSON document, which PostgreSQL converts to rows of the table's type. The text of a
statement, and its prepared plan, therefore do not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import Table

from tenure_core.access.grants import Grants
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.query.sql import compile_condition

KEY_LOOKUP = """
SELECT key.system, key.external_id, ref.record_id
FROM unnest(%(systems)s::text[], %(external_ids)s::text[]) AS key (system, external_id)
CROSS JOIN LATERAL (
  SELECT record_id FROM external_ref
  WHERE tenant_id = %(tenant)s AND entity = %(entity)s
    AND system = key.system AND external_id = key.external_id
  LIMIT 1
) AS ref
"""
"""Finds the records of external keys, each by the primary key. A plain join would scan all keys of the tenant
during a load, when statistics are out of date."""


@lru_cache(maxsize=512)
def insert(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts the rows of `document`, which have an `id` and the columns."""
    names = ", ".join(identifier(column) for column in ("id", *columns))
    values = ", ".join(f"n.{identifier(column)}" for column in ("id", *columns))
    return f"""
INSERT INTO {identifier(table.name)} (tenant_id, {names})
SELECT %(tenant)s, {values}
FROM json_populate_recordset(NULL::{identifier(table.name)}, %(document)s::json) AS n
"""


@lru_cache(maxsize=512)
def update(entity: EntityInfo, grants: Grants, columns: tuple[str, ...]) -> str:
    """Return the statement that updates the records of `document`, and returns the ids of changed records.

    Each row of the document has an `id` and `changes`, an object by column; other columns keep their values.
    Unchanged rows are not written: the table's trigger alone would not recognize unchanged long values, which
    are stored out of line.
    """
    name = identifier(entity.table.name)
    return f"""
UPDATE {name} AS t SET {", ".join(f"{identifier(column)} = n.{identifier(column)}" for column in columns)}
FROM jsonb_to_recordset(%(document)s::jsonb) AS given (id uuid, changes jsonb)
JOIN {name} AS old ON old.tenant_id = %(tenant)s AND old.id = given.id
CROSS JOIN LATERAL jsonb_populate_record(old, given.changes) AS n
WHERE t.tenant_id = %(tenant)s AND t.id = given.id
  AND {_is_visible(entity, grants, include_deleted=True)}
  AND {_differs(columns)}
RETURNING t.id
"""


@lru_cache(maxsize=512)
def update_uniform(entity: EntityInfo, grants: Grants, columns: tuple[str, ...]) -> str:
    """Return the statement that does the same as `update`, for rows that all set the same columns.

    Each row of the document has an `id` and the columns. This takes two thirds of the time of `update`,
    because the stored values of other columns are not needed.
    """
    name = identifier(entity.table.name)
    return f"""
UPDATE {name} AS t SET {", ".join(f"{identifier(column)} = n.{identifier(column)}" for column in columns)}
FROM json_populate_recordset(NULL::{name}, %(document)s::json) AS n
WHERE t.tenant_id = %(tenant)s AND t.id = n.id
  AND {_is_visible(entity, grants, include_deleted=True)}
  AND {_differs(columns)}
RETURNING t.id
"""


@lru_cache(maxsize=512)
def select_unchanged(entity: EntityInfo, grants: Grants, columns: tuple[str, ...]) -> str:
    """Return the statement that finds the visible records that already have the values of `document`.

    Each row of the document has an `id` and the columns. Records are looked up one by one: a join would scan
    the whole tenant if PostgreSQL underestimates its size, as it does while a table grows.
    """
    name = identifier(entity.table.name)
    return f"""
SELECT n.id
FROM json_populate_recordset(NULL::{name}, %(document)s::json) AS n
CROSS JOIN LATERAL (
  SELECT * FROM {name} AS t
  WHERE tenant_id = %(tenant)s AND id = n.id AND {_is_visible(entity, grants)}
  LIMIT 1
) AS t
WHERE NOT {_differs(columns)}
"""


@lru_cache(maxsize=512)
def select_for_update(entity: EntityInfo, grants: Grants) -> str:
    """Return the statement that locks the visible records `ids` by id, deleted ones included."""
    return f"""
SELECT id, version, deleted_at IS NOT NULL FROM {identifier(entity.table.name)} AS t
WHERE {_has_visible_id(entity, grants, include_deleted=True)}
ORDER BY id FOR NO KEY UPDATE
"""


@lru_cache(maxsize=512)
def set_deleted(entity: EntityInfo, grants: Grants) -> str:
    """Return the statement that soft-deletes or restores the records `ids`, and returns the changed ids."""
    return f"""
UPDATE {identifier(entity.table.name)} AS t SET deleted_at = CASE WHEN %(deleted)s::boolean THEN now() END
WHERE {_has_visible_id(entity, grants, include_deleted=True)}
  AND (deleted_at IS NOT NULL) <> %(deleted)s::boolean
RETURNING id
"""


@lru_cache(maxsize=512)
def select_visible_ids(
    entity: EntityInfo, grants: Grants, *, include_deleted: bool = False, needs_read: bool = True
) -> str:
    """Return the statement that finds the visible records among `ids`."""
    return f"""
SELECT id FROM {identifier(entity.table.name)} AS t
WHERE {_has_visible_id(entity, grants, include_deleted=include_deleted, needs_read=needs_read)}
"""


@lru_cache(maxsize=512)
def select_ids_by_external_key(entity: EntityInfo, grants: Grants) -> str:
    """Return the statement that finds the records of the keys (`systems`, `external_ids`) for references."""
    return f"""
SELECT named.system, named.external_id, t.id
FROM ({KEY_LOOKUP}) AS named
CROSS JOIN LATERAL (
  SELECT id FROM {identifier(entity.table.name)} AS t
  WHERE tenant_id = %(tenant)s AND id = named.record_id
    AND {_is_visible(entity, grants, needs_read=False)}
  LIMIT 1
) AS t
"""


@lru_cache(maxsize=64)
def select_cycles(table: Table, column: str) -> str:
    """Return the statement that finds which of `ids` would be their own ancestors with the new `parents`.

    It follows the new parent of a record, or the stored parent if there is no new one. UNION removes
    duplicates, so the recursion also ends in a cycle.
    """
    name, parent = identifier(table.name), identifier(column)
    return f"""
WITH RECURSIVE given AS (SELECT * FROM unnest(%(ids)s::uuid[], %(parents)s::uuid[]) AS g (id, parent)),
above AS (
  SELECT id AS start, parent AS id FROM given
  UNION
  SELECT above.start, CASE WHEN given.id IS NULL THEN t.{parent} ELSE given.parent END
  FROM above
  LEFT JOIN {name} AS t ON t.tenant_id = %(tenant)s AND t.id = above.id
  LEFT JOIN given ON given.id = above.id
  WHERE above.id <> above.start
)
SELECT DISTINCT start FROM above WHERE id = start
"""


@lru_cache(maxsize=512)
def select_records(entity: EntityInfo, grants: Grants) -> str:
    """Return the statement that reads the visible records `ids` as JSON by column."""
    return f"""
SELECT id, to_jsonb(t) FROM {identifier(entity.table.name)} AS t
WHERE {_has_visible_id(entity, grants, include_deleted=True)}
"""


@lru_cache(maxsize=512)
def select_columns(entity: EntityInfo, grants: Grants) -> str:
    """Return the statement that reads the stored columns of the visible records `ids`."""
    names = [str(column.name) for column in entity.table.columns if column.computed is None]
    columns = ", ".join(identifier(name) for name in names if name != "tenant_id")
    return f"""
SELECT {columns} FROM {identifier(entity.table.name)} AS t
WHERE {_has_visible_id(entity, grants, include_deleted=True)}
"""


@lru_cache(maxsize=512)
def select_by_unique_value(entity: EntityInfo, grants: Grants, column: str, sql_type: str) -> str:
    """Return the statement that finds the visible record with each of the unique `values`.

    An undeleted record is preferred, then the one that was deleted last.
    """
    value = identifier(column)
    matches = f"""
SELECT {value} AS value, id, deleted_at FROM {identifier(entity.table.name)} AS t
WHERE tenant_id = %(tenant)s AND {value} = ANY(%(values)s::{sql_type}[])"""
    # Each branch can use one of the two partial indexes of the column.
    return f"""
SELECT DISTINCT ON (value) value, id
FROM (
  {matches} AND {_is_visible(entity, grants)}
  UNION ALL
  {matches} AND {_is_visible(entity, grants, include_deleted=True)} AND deleted_at IS NOT NULL
) AS matches
ORDER BY value, deleted_at DESC NULLS FIRST, id
"""


@lru_cache(maxsize=512)
def select_unique_conflicts(entity: EntityInfo, grants: Grants, column: str, sql_type: str) -> str:
    """Return the statement that finds the `ids` whose unique value another record has.

    It also returns whether the other record is visible. A row that does not change the value (`changed`)
    keeps the stored one, which is checked on restore. The unique index excludes deleted records.
    """
    name, value = identifier(entity.table.name), identifier(column)
    return f"""
SELECT given.id, {_is_visible(entity, grants, "other")}
FROM unnest(%(ids)s::uuid[], %(values)s::{sql_type}[], %(changed)s::boolean[]) AS given (id, value, changed)
LEFT JOIN {name} AS own ON own.tenant_id = %(tenant)s AND own.id = given.id
JOIN {name} AS other ON other.tenant_id = %(tenant)s AND other.deleted_at IS NULL AND other.id <> given.id
 AND other.{value} = CASE WHEN given.changed THEN given.value ELSE own.{value} END
"""


@lru_cache(maxsize=64)
def select_dependents(table: Table, column: str) -> str:
    """Return the statement that finds the records that refer to one of `ids`, each with that id.

    It finds invisible records too, because they prevent a purge.
    """
    return f"""
SELECT id, {identifier(column)} FROM {identifier(table.name)}
WHERE tenant_id = %(tenant)s AND {identifier(column)} = ANY(%(ids)s::uuid[]) ORDER BY id
"""


@lru_cache(maxsize=512)
def delete_records(entities: tuple[EntityInfo, ...], grants: Grants) -> str:
    """Return the statement that deletes records of several tables; the ids have the name of the table.

    It is one statement because PostgreSQL checks foreign keys at its end, and the records may refer to each
    other.
    """
    deletions = ", ".join(_deletion(entity, grants) for entity in entities)
    return f"WITH {deletions} SELECT"


def _deletion(entity: EntityInfo, grants: Grants) -> str:
    name = entity.table.name
    return f"""{identifier(f"purged {name}")} AS (
  DELETE FROM {identifier(name)} AS t WHERE tenant_id = %(tenant)s AND id = ANY(%({name})s::uuid[])
    AND {_is_visible(entity, grants, include_deleted=True)}
)"""


def _is_visible(entity: EntityInfo, grants: Grants, alias: str = "t", /, **options: bool) -> str:
    """Return the condition that a row of the entity's table is visible. Options are those of `visible`."""
    return compile_condition(visible(entity, grants, **options), entity.table, alias)


def _has_visible_id(entity: EntityInfo, grants: Grants, **options: bool) -> str:
    """Return the condition that a row is visible and its id is one of `ids`."""
    is_visible = _is_visible(entity, grants, **options)
    return f"tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[]) AND {is_visible}"


def _differs(columns: Iterable[str]) -> str:
    """Return the condition that a stored row `t` and a new row `n` differ in one of the columns."""
    before, after = (", ".join(f"{row}.{identifier(column)}" for column in columns) for row in ("t", "n"))
    return f"(({before}) IS DISTINCT FROM ({after}))"


def identifier(name: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
