"""Finds changes to tables in the SQL text that a revision executes, which Alembic does not analyze."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NON_CODE = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<run> \bDO\s+ )? (?P<quote> \$\w*\$ ) (?P<body> .*? ) (?P=quote)
    | ' (?: [^'] | '' )* '
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
"""Comments, dollar-quoted bodies and string literals."""

IF_EXISTS = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
TABLE = r'(?:ONLY\s+)?(?:"?public"?\.)?"?(?P<table>\w+)"?'
COLUMN = r'(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?"?(?P<column>\w+)"?'
NO_COLUMN = r"(?!CONSTRAINT|DEFAULT|NOT\b|IDENTITY|EXPRESSION)"


def _compile_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


CREATE_TABLE = _compile_pattern(rf"CREATE\s+TABLE\s+{IF_EXISTS}{TABLE}")
ALTER_TABLE = _compile_pattern(rf"ALTER\s+TABLE\s+{IF_EXISTS}{TABLE}(?P<actions>.*)")
DROP_COLUMN = _compile_pattern(rf"\bDROP\s+{NO_COLUMN}{COLUMN}")
ALTER_TYPE = _compile_pattern(
    rf"\bALTER\s+{COLUMN}\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)(?:\s+(?:USING|COLLATE)\b|,|$)"
)
DROP_TABLE = "drops the table"
TABLE_LOSSES = (
    (_compile_pattern(rf"^DROP\s+TABLE\s+{IF_EXISTS}(?P<tables>.+)"), DROP_TABLE),
    (_compile_pattern(r"^TRUNCATE\s+(?:TABLE\s+)?(?P<tables>.+)"), "truncates the table"),
    (_compile_pattern(rf"\bDELETE\s+FROM\s+(?P<tables>{TABLE})"), "deletes rows of the table"),
)
DROP_OTHER = _compile_pattern(r"^DROP\s+(?P<kind>SCHEMA|OWNED|DATABASE)\b")
DYNAMIC_LOSS = _compile_pattern(r"\b(DROP\s+(TABLE|COLUMN|SCHEMA)|TRUNCATE|DELETE\s+FROM)\b")

SEARCH_COLUMN = "search"
"""The generated column of the full-text search: its values are computed from other columns."""


@dataclass(frozen=True, slots=True)
class NewTable:
    """A table is created."""

    table: str


@dataclass(frozen=True, slots=True)
class TypeChange:
    """The type of a column is changed."""

    table: str
    column: str
    new_type: str


@dataclass(frozen=True, slots=True)
class DataLoss:
    """Data of a table is deleted; without a table, data of an unknown part of the database.

    Args:
        table: The table; "" if unknown.
        description: The loss as a phrase, such as "drops the column vehicle.brand".
    """

    table: str
    description: str


TableChange = NewTable | TypeChange | DataLoss


def drop_table_loss(table: str) -> DataLoss:
    """Return the loss of dropping a table."""
    return DataLoss(table, f"{DROP_TABLE} {table}")


def drop_column_loss(table: str, column: str) -> list[DataLoss]:
    """Return the loss of dropping a column; none for the full-text search column."""
    return [] if column == SEARCH_COLUMN else [DataLoss(table, f"drops the column {table}.{column}")]


def parse_changes(sql: str) -> Iterator[TableChange]:
    """Yield the changes to tables of SQL statements."""
    for part in NON_CODE.finditer(sql):
        if part["run"] and DYNAMIC_LOSS.search(part["body"]):
            yield DataLoss("", "runs a DO block that deletes rows, columns or tables")
    code = NON_CODE.sub(lambda part: "" if part["comment"] else "''", sql)
    for statement in code.split(";"):
        yield from _parse_statement(statement.strip())


def _parse_statement(statement: str) -> Iterator[TableChange]:
    if created := CREATE_TABLE.search(statement):
        yield NewTable(created["table"])
    if altered := ALTER_TABLE.match(statement):
        yield from _parse_actions(altered["table"], altered["actions"])
    if dropped := DROP_OTHER.match(statement):
        yield DataLoss("", f"executes DROP {dropped['kind'].upper()}")
    for pattern, phrase in TABLE_LOSSES:
        for match in pattern.finditer(statement):
            yield from (DataLoss(table, f"{phrase} {table}") for table in _split_tables(match["tables"]))


def _split_tables(tables: str) -> Iterator[str]:
    for table in tables.split(","):
        if match := re.match(TABLE, table.strip()):
            yield match["table"]


def _parse_actions(table: str, actions: str) -> Iterator[TableChange]:
    for dropped in DROP_COLUMN.finditer(actions):
        yield from drop_column_loss(table, dropped["column"])
    for changed in ALTER_TYPE.finditer(actions):
        yield TypeChange(table, changed["column"], changed["type"].strip().lower())
