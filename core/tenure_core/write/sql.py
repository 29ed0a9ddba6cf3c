"""Statements: the SQL of every write, one text per entity and set of columns, for any number of rows. Pure.

Rows travel as one JSON document, so that a statement's text, and with it its prepared plan, does not depend
on how many there are. PostgreSQL turns the document into rows of the table's own type.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Table

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
"""Finds the records that external keys name, each through the primary key: while a load is running PostgreSQL
does not know how many there are, and a plain join would read all of the tenant's."""

FIND_KEYS = f"SELECT *, false FROM ({KEY_LOOKUP}) AS named"
"""Finds the records that external keys name; none of these keys is new."""

CLAIM_KEYS = """
INSERT INTO external_ref
  (tenant_id, entity, system, external_id, record_id, url, source_version, synced_at)
SELECT %(tenant)s, %(entity)s, system, external_id, record_id, url, source_version, now()
FROM unnest(
  %(systems)s::text[], %(external_ids)s::text[], %(record_ids)s::uuid[],
  %(urls)s::text[], %(versions)s::text[]
) AS given (system, external_id, record_id, url, source_version)
ORDER BY system, external_id
ON CONFLICT DO NOTHING
RETURNING system, external_id, record_id, true
"""
"""Gives external keys a record each, unless they name one, and returns those that did not. A second writer
of a key waits here for the first: keys are claimed in one order, so no two writers wait for each other."""

READ_SOURCE_VERSIONS = """
SELECT record_id, system, source_version FROM external_ref
WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND record_id = ANY(%(record_ids)s::uuid[])
  AND source_version IS NOT NULL
"""

UPDATE_SYNC_INFO = """
UPDATE external_ref AS ref SET
  url = coalesce(given.url, ref.url),
  source_version = coalesce(given.source_version, ref.source_version),
  synced_at = now()
FROM unnest(
  %(systems)s::text[], %(external_ids)s::text[],
  %(urls)s::text[], %(versions)s::text[], %(written)s::boolean[]
) AS given (system, external_id, url, source_version, written)
WHERE ref.tenant_id = %(tenant)s AND ref.entity = %(entity)s
  AND ref.system = given.system AND ref.external_id = given.external_id
  AND (given.written OR coalesce(given.url, ref.url) IS DISTINCT FROM ref.url
       OR coalesce(given.source_version, ref.source_version) IS DISTINCT FROM ref.source_version)
"""

OWNERS = """
SELECT entity, field, system, policy FROM field_owner
WHERE tenant_id = %(tenant)s AND entity = ANY(%(entities)s::text[]) ORDER BY entity, field
"""

SET_OWNER = """
INSERT INTO field_owner (tenant_id, entity, field, system, policy)
VALUES (%(tenant)s, %(entity)s, %(field)s, %(system)s, %(policy)s)
ON CONFLICT (tenant_id, entity, field) DO UPDATE SET system = excluded.system, policy = excluded.policy
"""

REMOVE_OWNER = """
DELETE FROM field_owner WHERE tenant_id = %(tenant)s AND entity = %(entity)s AND field = %(field)s
RETURNING entity, field, system, policy
"""

EXPIRE_IDEMPOTENCY = """
DELETE FROM receipt
WHERE tenant_id = %(tenant)s AND key = %(key)s AND created_at < now() - make_interval(days => %(days)s)
"""

CLAIM_IDEMPOTENCY = """
INSERT INTO receipt (tenant_id, key, request_hash) VALUES (%(tenant)s, %(key)s, %(hash)s)
ON CONFLICT DO NOTHING
"""
"""Takes a key; a second request with the same key waits here until the first has ended."""

READ_IDEMPOTENCY = "SELECT request_hash, payload FROM receipt WHERE tenant_id = %(tenant)s AND key = %(key)s"

STORE_IDEMPOTENCY = """
UPDATE receipt SET payload = %(payload)s::json WHERE tenant_id = %(tenant)s AND key = %(key)s
"""

RELEASE_IDEMPOTENCY = "DELETE FROM receipt WHERE tenant_id = %(tenant)s AND key = %(key)s"

RELEASE_KEYS = """
DELETE FROM external_ref AS ref
USING unnest(%(systems)s::text[], %(external_ids)s::text[]) AS key (system, external_id)
WHERE ref.tenant_id = %(tenant)s AND ref.entity = %(entity)s
  AND ref.system = key.system AND ref.external_id = key.external_id
"""


@lru_cache(maxsize=512)
def insert(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts the rows of `document`, which has an `id` and the given columns."""
    names = ", ".join(identifier(column) for column in ("id", *columns))
    values = ", ".join(f"n.{identifier(column)}" for column in ("id", *columns))
    return f"""
INSERT INTO {identifier(table.name)} (tenant_id, {names})
SELECT %(tenant)s, {values}
FROM json_populate_recordset(NULL::{identifier(table.name)}, %(document)s::json) AS n
"""


@lru_cache(maxsize=512)
def update(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that changes the records of `document`, and returns the ids of those that differ.

    Each row of the document has an `id` and `changes`, an object by column; what it lacks stays as it is. The
    comparison spares the write of a row that says nothing new; the table's trigger alone would not see that
    for values that are stored apart because they are long.
    """
    name = identifier(table.name)
    before, after = (", ".join(f"{row}.{identifier(column)}" for column in columns) for row in ("t", "n"))
    return f"""
UPDATE {name} AS t SET {", ".join(f"{identifier(column)} = n.{identifier(column)}" for column in columns)}
FROM jsonb_to_recordset(%(document)s::jsonb) AS given (id uuid, changes jsonb)
JOIN {name} AS old ON old.tenant_id = %(tenant)s AND old.id = given.id
CROSS JOIN LATERAL jsonb_populate_record(old, given.changes) AS n
WHERE t.tenant_id = %(tenant)s AND t.id = given.id
  AND ({before}) IS DISTINCT FROM ({after})
RETURNING t.id
"""


@lru_cache(maxsize=512)
def update_uniform(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that does what `update` does, for rows that all say the same columns.

    Each row of the document has an `id` and those columns. It takes two thirds of the time: no record has to
    be read for what a row does not say.
    """
    name = identifier(table.name)
    before, after = (", ".join(f"{row}.{identifier(column)}" for column in columns) for row in ("t", "n"))
    return f"""
UPDATE {name} AS t SET {", ".join(f"{identifier(column)} = n.{identifier(column)}" for column in columns)}
FROM json_populate_recordset(NULL::{name}, %(document)s::json) AS n
WHERE t.tenant_id = %(tenant)s AND t.id = n.id AND ({before}) IS DISTINCT FROM ({after})
RETURNING t.id
"""


@lru_cache(maxsize=512)
def unchanged(table: Table, columns: tuple[str, ...]) -> str:
    """Return the statement that finds the living records of which the rows of `document` say nothing new.

    Each row of the document has an `id` and the given columns. Records are looked up one by one: a join reads
    all of a tenant whose size PostgreSQL underrates, as it does while a table grows.
    """
    name = identifier(table.name)
    before, after = (", ".join(f"{row}.{identifier(column)}" for column in columns) for row in ("t", "n"))
    return f"""
SELECT n.id
FROM json_populate_recordset(NULL::{name}, %(document)s::json) AS n
CROSS JOIN LATERAL (
  SELECT * FROM {name} WHERE tenant_id = %(tenant)s AND id = n.id AND deleted_at IS NULL LIMIT 1
) AS t
WHERE ({before}) IS NOT DISTINCT FROM ({after})
"""


@lru_cache(maxsize=64)
def locked(table: Table) -> str:
    """Return the statement that locks the records `ids` until the transaction ends: in one order for all."""
    return f"""
SELECT id, version, deleted_at IS NOT NULL FROM {identifier(table.name)}
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""


@lru_cache(maxsize=64)
def set_deleted(table: Table) -> str:
    """Return the statement that softly deletes or restores the records `ids`; it returns those it changed."""
    return f"""
UPDATE {identifier(table.name)} SET deleted_at = CASE WHEN %(deleted)s::boolean THEN now() END
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])
  AND (deleted_at IS NOT NULL) <> %(deleted)s::boolean
RETURNING id
"""


@lru_cache(maxsize=64)
def living(table: Table) -> str:
    """Return the statement that finds which of the records `ids` are there and not deleted."""
    return f"""
SELECT id FROM {identifier(table.name)}
WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL
"""


@lru_cache(maxsize=64)
def living_by_external_key(table: Table) -> str:
    """Return the statement that finds the living records behind the keys (`systems`, `external_ids`)."""
    return f"""
SELECT named.system, named.external_id, t.id
FROM ({KEY_LOOKUP}) AS named
CROSS JOIN LATERAL (
  SELECT id FROM {identifier(table.name)}
  WHERE tenant_id = %(tenant)s AND id = named.record_id AND deleted_at IS NULL
  LIMIT 1
) AS t
"""


@lru_cache(maxsize=64)
def cycles(table: Table, column: str) -> str:
    """Return the statement that finds which of `ids` would lie above themselves under their new `parents`.

    It climbs from each of them through the tree as it would be: by the new parent where there is one given,
    else by the one in the table. UNION drops what was seen, so it ends in a circle too.
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


@lru_cache(maxsize=64)
def records(table: Table) -> str:
    """Return the statement that reads the records `ids` whole."""
    name = identifier(table.name)
    return (
        f"SELECT id, to_jsonb(t) FROM {name} AS t WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])"
    )


@lru_cache(maxsize=64)
def stored(table: Table) -> str:
    """Return the statement that reads the records `ids`, a column each, without what is computed."""
    names = [str(column.name) for column in table.columns if column.computed is None]
    columns = ", ".join(identifier(name) for name in names if name != "tenant_id")
    return f"""
SELECT {columns} FROM {identifier(table.name)} WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s::uuid[])
"""


@lru_cache(maxsize=64)
def by_unique_value(table: Table, column: str, sql_type: str) -> str:
    """Return the statement that finds the record behind each of the unique `values`.

    It is the living one, or where there is none the one that was deleted last.
    """
    name, value = identifier(table.name), identifier(column)
    found = f"SELECT {value} AS value, id, deleted_at FROM {name} WHERE tenant_id = %(tenant)s"
    wanted = f"AND {value} = ANY(%(values)s::{sql_type}[])"
    return f"""
SELECT DISTINCT ON (value) value, id
FROM ({found} {wanted} AND deleted_at IS NULL UNION ALL {found} {wanted} AND deleted_at IS NOT NULL) AS found
ORDER BY value, deleted_at DESC NULLS FIRST, id
"""


@lru_cache(maxsize=64)
def unique_conflicts(table: Table, column: str, sql_type: str) -> str:
    """Return the statement that finds which of `ids` want a unique value that another living record has.

    A record that does not say (`said`) which value it wants keeps its own, which counts when it is restored.
    """
    name, value = identifier(table.name), identifier(column)
    return f"""
SELECT given.id
FROM unnest(%(ids)s::uuid[], %(values)s::{sql_type}[], %(said)s::boolean[]) AS given (id, value, said)
LEFT JOIN {name} AS own ON own.tenant_id = %(tenant)s AND own.id = given.id
JOIN {name} AS other ON other.tenant_id = %(tenant)s AND other.deleted_at IS NULL AND other.id <> given.id
 AND other.{value} = CASE WHEN given.said THEN given.value ELSE own.{value} END
"""


@lru_cache(maxsize=64)
def dependents(table: Table, column: str) -> str:
    """Return the statement that finds the records which refer to one of `ids`, each with that."""
    return f"""
SELECT id, {identifier(column)} FROM {identifier(table.name)}
WHERE tenant_id = %(tenant)s AND {identifier(column)} = ANY(%(ids)s::uuid[]) ORDER BY id
"""


@lru_cache(maxsize=64)
def purge(tables: tuple[Table, ...]) -> str:
    """Return the statement that removes records of several tables at once, each with its ids by its name.

    It is one statement, because foreign keys are checked at its end only: some may refer to one another.
    """
    deletions = ", ".join(
        f"{identifier(f'purged {table.name}')} AS (DELETE FROM {identifier(table.name)} "
        f"WHERE tenant_id = %(tenant)s AND id = ANY(%({table.name})s::uuid[]))"
        for table in tables
    )
    return f"WITH {deletions} SELECT"


def identifier(name: str) -> str:
    """Return an identifier as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
