"""Contents: the rows of a database that are tenants' own, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, text

Contents = Mapping[str, Mapping[str, Mapping[str, object]]]
"""The columns of rows, as JSON has them, by table and by what names the row."""

BOOKKEEPING = (
    "api_key", "change", "change_horizon", "external_ref", "field_owner", "plugin_delivery", "plugin_job",
    "receipt", "tenant_plugin",
)  # fmt: skip
"""Tables of what the platform notes beside records."""

TABLES = text("""
    SELECT relname, ARRAY(
        SELECT part.attname
        FROM pg_index JOIN pg_attribute AS part ON part.attrelid = indrelid AND part.attnum = ANY (indkey)
        WHERE indisprimary AND indrelid = pg_class.oid ORDER BY part.attnum
    )
    FROM pg_class JOIN pg_attribute AS own ON own.attrelid = pg_class.oid AND own.attname = 'tenant_id'
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname <> ALL (:bookkeeping)
    ORDER BY relname
""")
"""Tables of records, and what else plugins keep of tenants, with the columns of their keys."""


def contents(connection: Connection) -> Contents:
    """Return the rows of all tables that hold what is a tenant's, of all tenants.

    Args:
        connection: To the database, as the owner of its tables.
    """
    tables = connection.execute(TABLES, {"bookkeeping": list(BOOKKEEPING)}).all()
    return {table: dict(_rows(connection, table, key)) for table, key in tables}


def _rows(
    connection: Connection, table: str, key: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield rows by what names them, the tenant first; by all that they hold where the table has no key."""
    for row in connection.scalars(text(f'SELECT to_jsonb(one) FROM "{table}" AS one')):
        named = {"tenant_id": None} | dict.fromkeys(key or sorted(row))
        yield "/".join(str(row[column]) for column in named), row


def altered(before: Contents, after: Contents, ignored: Iterable[str] = ()) -> Iterator[str]:
    """Yield what differs, one phrase for each table or column: what only one of the two has does not count.

    Args:
        before: The rows as they were.
        after: The rows as they are.
        ignored: Columns that don't count.
    """
    for table in sorted(before.keys() & after.keys()):
        yield from _altered(table, before[table], after[table], frozenset(ignored))


def _altered(
    table: str,
    before: Mapping[str, Mapping[str, object]],
    after: Mapping[str, Mapping[str, object]],
    ignored: frozenset[str],
) -> Iterator[str]:
    if gone := len(before.keys() - after.keys()):
        yield f"{table} has lost {gone} of {len(before)} rows"
    if new := len(after.keys() - before.keys()):
        yield f"{table} has {new} rows more than {len(before)}"
    changed: dict[str, int] = {}
    for key in before.keys() & after.keys():
        for column in (before[key].keys() & after[key].keys()) - ignored:
            changed[column] = changed.get(column, 0) + (before[key][column] != after[key][column])
    for column, count in sorted(changed.items()):
        if count:
            yield f"{table}.{column} differs in {count} of {len(before)} rows"


def within(rows: Contents, frame: Contents) -> Contents:
    """Return what of some rows other contents have a place for: their tables, and the columns of those."""
    columns = {table: {column for row in known.values() for column in row} for table, known in frame.items()}
    return {
        table: {
            key: {column: value for column, value in row.items() if column in columns[table]}
            for key, row in found.items()
        }
        for table, found in rows.items()
        if table in columns
    }
