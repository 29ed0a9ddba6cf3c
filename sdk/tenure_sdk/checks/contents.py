"""Contents: the rows of a database's records, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection, text

Contents = Mapping[str, Mapping[str, Mapping[str, object]]]
"""The columns of rows, as JSON has them, by table and by what names the row."""

RECORD_TABLES = text("""
    SELECT table_name
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'deleted_at'
    ORDER BY table_name
""")


def contents(connection: Connection) -> Contents:
    """Return the rows of all tables that hold records, of all tenants.

    Args:
        connection: To the database, as the owner of its tables.
    """
    tables = connection.execute(RECORD_TABLES).scalars().all()
    return {table: dict(_rows(connection, table)) for table in tables}


def _rows(connection: Connection, table: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    found = connection.execute(text(f"SELECT tenant_id || '/' || id, to_jsonb(one) FROM {table} AS one"))
    yield from ((key, row) for key, row in found)


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
