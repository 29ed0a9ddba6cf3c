"""Losses: what a revision would take away, read off the SQL that it would run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script
from sqlalchemy import Connection, text

SET_APART = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<run> \bDO\s+ )? (?P<quote> \$\w*\$ ) (?P<body> .*? ) (?P=quote)
    | ' (?: [^'] | '' )* '
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""What is no part of a statement's own words: comments, the bodies of functions, texts."""

IF_EXISTS = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
TABLE = r'(?:ONLY\s+)?(?:"?public"?\.)?"?(?P<table>\w+)"?'
COLUMN = r'(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?"?(?P<column>\w+)"?'
NO_COLUMN = r"(?!CONSTRAINT|DEFAULT|NOT\b|IDENTITY|EXPRESSION)"


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE | re.DOTALL)


CREATE = _pattern(rf"CREATE\s+TABLE\s+{IF_EXISTS}{TABLE}")
ALTER = _pattern(rf"ALTER\s+TABLE\s+{IF_EXISTS}{TABLE}(?P<rest>.*)")
DROP_COLUMN = _pattern(rf"\bDROP\s+{NO_COLUMN}{COLUMN}")
NEW_TYPE = _pattern(
    rf"\bALTER\s+{COLUMN}\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)(?:\s+(?:USING|COLLATE)\b|,|$)"
)
TAKES_ROWS = (
    (_pattern(rf"^DROP\s+TABLE\s+{IF_EXISTS}(?P<tables>.+)"), "drops the table"),
    (_pattern(r"^TRUNCATE\s+(?:TABLE\s+)?(?P<tables>.+)"), "empties the table"),
    (_pattern(rf"\bDELETE\s+FROM\s+(?P<tables>{TABLE})"), "deletes rows of the table"),
)
DROPS_MORE = _pattern(r"^DROP\s+(?P<sort>SCHEMA|OWNED|DATABASE)\b")
HIDDEN_LOSS = _pattern(r"\b(DROP\s+(TABLE|COLUMN|SCHEMA)|TRUNCATE|DELETE\s+FROM)\b")

SEARCH = "search"
"""The column of the text search: PostgreSQL computes it from the others, so nothing is lost with it."""

WIDER = {
    ("integer", "bigint"),
    ("integer", "double precision"),
    ("integer", "numeric"),
    ("bigint", "numeric"),
    ("real", "double precision"),
    ("json", "jsonb"),
}
"""Changes of types that keep every value; everything can become text, too."""

TYPE_OF = text("""
    SELECT format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass(:table) AND attname = :column
""")


class LossDetector:
    """Tells what revisions take away, one after the other: what one of them has made itself is no loss.

    Args:
        connection: The database that they would run on; it tells the types that columns have now.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._made: set[str] = set()

    def of(self, script: Script) -> list[str]:
        """Return what a revision takes away, one phrase each, such as "drops the table vehicle"."""
        try:
            said = render_sql(script)
        except Exception as error:  # whatever its author's code does without a database
            return [f"can't be looked at before it runs ({type(error).__name__}: {error})"]
        return list(dict.fromkeys(self._read(said)))

    def _read(self, said: str) -> Iterator[str]:
        for part in SET_APART.finditer(said):
            if part["run"] and HIDDEN_LOSS.search(part["body"]):
                yield "runs a block of code that takes rows, columns or tables away"
        own_words = SET_APART.sub(lambda part: "" if part["comment"] else "''", said)
        for statement in own_words.split(";"):
            yield from self._statement(statement.strip())

    def _statement(self, statement: str) -> Iterator[str]:
        if made := CREATE.search(statement):
            self._made.add(made["table"])
        if altered := ALTER.match(statement):
            yield from self._altered(altered["table"], altered["rest"])
        if more := DROPS_MORE.match(statement):
            yield f"drops {more['sort'].lower()} as a whole"
        for pattern, what in TAKES_ROWS:
            for found in pattern.finditer(statement):
                yield from (f"{what} {table}" for table in self._known(found["tables"]))

    def _known(self, tables: str) -> Iterator[str]:
        for one in tables.split(","):
            found = re.match(TABLE, one.strip())
            if found and found["table"] not in self._made:
                yield found["table"]

    def _altered(self, table: str, rest: str) -> Iterator[str]:
        if table in self._made:
            return
        for dropped in DROP_COLUMN.finditer(rest):
            if dropped["column"] != SEARCH:
                yield f"drops the column {table}.{dropped['column']}"
        for changed in NEW_TYPE.finditer(rest):
            column, new = changed["column"], changed["type"].strip().lower()
            old = self._connection.execute(TYPE_OF, {"table": table, "column": column}).scalar()
            if new not in (old, "text") and (old, new) not in WIDER:
                yield f"narrows {table}.{column} from {old or 'its type'} to {new}"


class _Recorder:
    """Stands where a revision looks for its connection, and writes down what it is told."""

    def __init__(self, said: StringIO) -> None:
        self._said = said

    def execute(self, statement: object, *_: object, **__: object) -> None:
        """Write a statement down."""
        self._said.write(f"{statement};\n")

    exec_driver_sql = execute


def render_sql(script: Script) -> str:
    """Return the SQL that a revision would run, without running it."""
    said = StringIO()
    options = {"as_sql": True, "output_buffer": said}
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    context.impl.connection = _Recorder(said)  # type: ignore[assignment]  # all that revisions use of one
    with Operations.context(context):
        script.module.upgrade()
    return said.getvalue()
