"""Statements: the SQL of every write, one text per entity and set of columns, for any number of rows. Pure.

Rows travel as one JSON document, so that a statement's text, and with it its prepared plan, does not depend
on how many there are. PostgreSQL turns the document into rows of the table's own type.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Table

CLAIM = """
INSERT INTO external_ref (tenant_id, entity, system, external_id, record_id)
SELECT %(tenant)s, %(entity)s, %(system)s, claim.external_id, claim.record_id
FROM unnest(%(external_ids)s::text[], %(record_ids)s::uuid[]) AS claim (external_id, record_id)
ORDER BY claim.external_id
ON CONFLICT DO NOTHING
"""
"""Gives each external id a record's id, unless it has one. A second writer of the same id waits here for the
first: ids are claimed in one order, so no two writers wait for each other."""

CLAIMED = """
SELECT external_id, record_id FROM external_ref
WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND system = %(system)s
  AND external_id = ANY(%(external_ids)s::text[])
"""

UNCLAIM = """
DELETE FROM external_ref
WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND record_id = ANY(%(record_ids)s::uuid[])
"""


@lru_cache(maxsize=512)
def insert(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts the rows of `document`, which has an `id` and the given columns."""
    names = ", ".join(quoted(column) for column in ("id", *columns))
    values = ", ".join(f"n.{quoted(column)}" for column in ("id", *columns))
    return f"""
INSERT INTO {quoted(table.name)} (tenant_id, {names})
SELECT %(tenant)s, {values}
FROM jsonb_populate_recordset(NULL::{quoted(table.name)}, %(document)s::jsonb) AS n
"""


@lru_cache(maxsize=512)
def update(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that changes the records of `document`, and returns the ids of those that differ.

    Each row of the document has an `id` and `changes`, an object by column; what it lacks stays as it is. The
    comparison spares the write of a row that says nothing new; the table's trigger alone would not see that
    for values that are stored apart because they are long.
    """
    name = quoted(table.name)
    before, after = (", ".join(f"{row}.{quoted(column)}" for column in columns) for row in ("t", "n"))
    return f"""
UPDATE {name} AS t SET {", ".join(f"{quoted(column)} = n.{quoted(column)}" for column in columns)}
FROM jsonb_to_recordset(%(document)s::jsonb) AS given (id uuid, changes jsonb)
JOIN {name} AS old ON old.tenant_id = %(tenant)s AND old.id = given.id
CROSS JOIN LATERAL jsonb_populate_record(old, given.changes) AS n
WHERE t.tenant_id = %(tenant)s AND t.id = given.id
  AND ({before}) IS DISTINCT FROM ({after})
RETURNING t.id
"""


@lru_cache(maxsize=64)
def locked(table: Table) -> str:
    """Return the statement that locks the records `ids` until the transaction ends: in one order for all."""
    return f"""
SELECT id, deleted_at IS NOT NULL FROM {quoted(table.name)}
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""


@lru_cache(maxsize=64)
def mark(table: Table) -> str:
    """Return the statement that softly deletes or restores the records `ids`; it returns those it changed."""
    return f"""
UPDATE {quoted(table.name)} SET deleted_at = CASE WHEN %(deleted)s::boolean THEN now() END
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])
  AND (deleted_at IS NOT NULL) <> %(deleted)s::boolean
RETURNING id
"""


@lru_cache(maxsize=64)
def living(table: Table) -> str:
    """Return the statement that finds which of the records `ids` are there and not deleted."""
    return f"""
SELECT id FROM {quoted(table.name)}
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL
"""


@lru_cache(maxsize=64)
def living_by_external_key(table: Table) -> str:
    """Return the statement that finds the living records behind the keys (`systems`, `external_ids`)."""
    return f"""
SELECT ref.system, ref.external_id, t.id
FROM unnest(%(systems)s::text[], %(external_ids)s::text[]) AS key (system, external_id)
JOIN external_ref AS ref ON ref.tenant_id = %(tenant)s AND ref.entity = %(entity)s
 AND ref.system = key.system AND ref.external_id = key.external_id
JOIN {quoted(table.name)} AS t ON t.tenant_id = %(tenant)s AND t.id = ref.record_id
WHERE t.deleted_at IS NULL
"""


@lru_cache(maxsize=64)
def circles(table: Table, column: str) -> str:
    """Return the statement that finds which of `ids` would lie above themselves under their new `parents`.

    It climbs from each of them through the tree as it would be: by the new parent where there is one given,
    else by the one in the table. UNION drops what was seen, so it ends in a circle too.
    """
    name, parent = quoted(table.name), quoted(column)
    return f"""
WITH RECURSIVE given AS (SELECT * FROM unnest(%(ids)s::uuid[], %(parents)s::uuid[]) AS g (id, parent)),
above AS (
  SELECT id AS start, parent AS id FROM given
  UNION
  SELECT above.start, CASE WHEN given.id IS NULL THEN t.{parent} ELSE given.parent END
  FROM above
  JOIN {name} AS t ON t.tenant_id = %(tenant)s AND t.id = above.id
  LEFT JOIN given ON given.id = above.id
  WHERE above.id <> above.start
)
SELECT DISTINCT start FROM above WHERE id = start
"""


def quoted(name: str) -> str:
    """Return an identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
