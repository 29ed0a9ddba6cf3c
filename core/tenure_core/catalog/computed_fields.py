"""Computed values: what stands for a column where PostgreSQL computes it, and what a plugin's code does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    AliasedReturnsRows,
    BindParameter,
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    cast,
)
from sqlalchemy.sql.elements import ColumnClause
from sqlalchemy.sql.visitors import ExternallyTraversible, iterate, replacement_traverse
from sqlalchemy.types import TypeEngine

from tenure_core.entities.computed import BatchField, Compute, ComputedColumn
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import ScalarType
from tenure_core.errors import DeclarationError


@dataclass(frozen=True, eq=False)
class Expression:
    """What stands for a column where PostgreSQL computes the value.

    Args:
        name: What stands for the column's name: no column of the table has it.
        table: The table whose rows it is computed for.
        kind: The kind of its values.
        compute: From the row's table to the value.
    """

    name: str
    table: Table
    scalar_type: ScalarType
    compute: Callable[[FromClause], ColumnElement[Any]]

    @property
    def type(self) -> TypeEngine[Any]:
        """The PostgreSQL type of its values."""
        return self.scalar_type.sql_type

    def render(self, rows: FromClause) -> ColumnElement[Any]:
        """Return the value over rows of the table, wherever in a statement it stands.

        Its constants are written out: PostgreSQL then knows them when it plans, and sees that what is
        grouped by is what is selected.
        """
        return cast(_correlate_selects(self.compute(rows), (rows,)), self.type)

    @cached_property
    def referenced_tables(self) -> frozenset[str]:
        """The names of the other tables that it reads."""
        named = {table.name for table in _find_tables(self.compute(_alias_table(self.table)))}
        return frozenset(named - {self.table.name})


Part = TypeVar("Part", bound=ExternallyTraversible)

AnyColumn = Column[Any] | Expression
"""What holds a field's value: a column of the table, or what computes it."""


@dataclass(frozen=True, eq=False)
class BatchFieldInfo:
    """A field that a plugin's code computes, for all records of an answer at once.

    Args:
        name: Its name in the API.
        kind: The kind of its values.
        description: What it is, for people.
        plugin: The plugin whose code it is.
        needs: What the code needs of each record, by attribute.
        reads: The names of the entities that this is read from, beside its own.
        compute: The code.
    """

    name: str
    scalar_type: ScalarType
    description: str
    plugin: str
    required_columns: Mapping[str, AnyColumn]
    reads: frozenset[str]
    compute: Compute


@lru_cache(maxsize=1024)
def build_expression(one: ComputedColumn) -> Expression:
    """Return the expression of a declared field.

    Raises:
        DeclarationError: The field has the name of a column, or its expression can't be built.
    """
    table = one.entity.__table__
    where = f"{one.entity.__name__}.{camel_case(one.name)}"
    if not isinstance(table, Table) or one.name in table.c:
        raise DeclarationError(f"{where} has the name of a column.", "Rename it.")
    built = Expression(one.name, table, one.scalar_type, one.expression)
    try:
        _ = built.referenced_tables
    except Exception as error:
        raise DeclarationError(
            f"{where} can't be computed: {type(error).__name__}: {error}.",
            "Return an expression of SQLAlchemy over the columns of `row.c`.",
        ) from error
    return built


def required_columns(one: BatchField, columns: Mapping[str, AnyColumn]) -> Mapping[str, AnyColumn]:
    """Return what the code of a field needs, by attribute.

    Args:
        one: The field as it was declared.
        columns: What there is.

    Raises:
        DeclarationError: It needs what is not there.
    """
    if missing := [name for name in one.required_columns if name not in columns]:
        raise DeclarationError(
            f"{one.entity.__name__}.{camel_case(one.name)} needs {missing[0]!r}, which no column holds.",
            f"There are {', '.join(columns)}.",
        )
    return {name: columns[name] for name in one.required_columns}


@lru_cache(maxsize=256)
def _alias_table(table: Table) -> FromClause:
    """Return rows of a table to try expressions on: to name all columns anew for each takes its time."""
    return table.alias()


def _correlate_selects(element: Part, around: tuple[FromClause, ...]) -> Part:
    """Return an expression whose selects refer to the rows around them, however deeply they are nested."""

    def inside(one: ExternallyTraversible) -> ExternallyTraversible | None:
        if isinstance(one, BindParameter):
            return one.render_literal_execute()
        if isinstance(one, Select) and one is not element:
            return _correlate_selects(one, (*around, *one.get_final_froms())).correlate(*around)
        return None

    replaced: Part = replacement_traverse(element, {}, inside)  # type: ignore[call-overload]  # a select, too
    return replaced


def _find_tables(element: ColumnElement[Any]) -> Iterator[Table]:
    for one in iterate(element):
        found: object = one.table if isinstance(one, ColumnClause) else one
        while isinstance(found, AliasedReturnsRows):
            found = found.element
        if isinstance(found, Table):
            yield found
