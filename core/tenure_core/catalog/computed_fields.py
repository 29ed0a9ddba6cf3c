"""The SQL expressions of computed columns, and the columns that batch fields require."""

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

from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import ScalarType
from tenure_core.errors import DeclarationError


@dataclass(frozen=True, eq=False)
class Expression:
    """A value that PostgreSQL computes for each row of a table; used in place of a column.

    Args:
        name: The name of the value; no column of the table has the same name.
        table: The table.
        scalar_type: The type of the value.
        compute: Returns the SQL expression over a given alias of the table.
    """

    name: str
    table: Table
    scalar_type: ScalarType
    compute: Callable[[FromClause], ColumnElement[Any]]

    @property
    def type(self) -> TypeEngine[Any]:
        """The PostgreSQL type of the value."""
        return self.scalar_type.sql_type

    def render(self, rows: FromClause) -> ColumnElement[Any]:
        """Return the SQL expression over rows of the table, for any place in a statement.

        Constants are rendered as literals, so that PostgreSQL can use them when it plans the statement, and
        recognizes that the expression in GROUP BY equals the one in SELECT.
        """
        return cast(_correlate_selects(self.compute(rows), (rows,)), self.type)

    @cached_property
    def referenced_tables(self) -> frozenset[str]:
        """The names of the other tables that the expression reads."""
        names = {table.name for table in _find_tables(self.compute(_alias_table(self.table)))}
        return frozenset(names - {self.table.name})


Part = TypeVar("Part", bound=ExternallyTraversible)

AnyColumn = Column[Any] | Expression
"""The source of a field's value: a column of the table, or an expression."""


@lru_cache(maxsize=1024)
def build_expression(declaration: ComputedColumn) -> Expression:
    """Return the expression of a computed column.

    Raises:
        DeclarationError: The field has the name of a column, or its expression cannot be built.
    """
    table = declaration.entity.__table__
    field = f"{declaration.entity.__name__}.{camel_case(declaration.name)}"
    if not isinstance(table, Table) or declaration.name in table.c:
        raise DeclarationError(f"{field} has the name of a column.", "Rename the field.")
    expression = Expression(declaration.name, table, declaration.scalar_type, declaration.expression)
    try:
        _ = expression.referenced_tables
    except Exception as error:
        raise DeclarationError(
            f"The expression of {field} cannot be built: {type(error).__name__}: {error}.",
            "Return an SQLAlchemy expression over the columns of `row.c`.",
        ) from error
    return expression


def required_columns(field: BatchField, columns: Mapping[str, AnyColumn]) -> Mapping[str, AnyColumn]:
    """Return the columns that the code of a batch field requires, by attribute.

    Args:
        field: The declaration of the field.
        columns: The columns and computed columns of the entity, by attribute.

    Raises:
        DeclarationError: The field requires a column that the entity does not have.
    """
    if missing := [name for name in field.required_columns if name not in columns]:
        raise DeclarationError(
            f"{field.entity.__name__}.{camel_case(field.name)} requires {missing[0]!r}, which no column has.",
            f"The columns are {', '.join(columns)}.",
        )
    return {name: columns[name] for name in field.required_columns}


@lru_cache(maxsize=256)
def _alias_table(table: Table) -> FromClause:
    """Return an alias on which expressions are tried; cached, since creating one for each field is slow."""
    return table.alias()


def _correlate_selects(element: Part, outer: tuple[FromClause, ...]) -> Part:
    """Return an expression whose nested selects are correlated with all selects around them."""

    def replace(node: ExternallyTraversible) -> ExternallyTraversible | None:
        if isinstance(node, BindParameter):
            return node.render_literal_execute()
        if isinstance(node, Select) and node is not element:
            return _correlate_selects(node, (*outer, *node.get_final_froms())).correlate(*outer)
        return None

    replaced: Part = replacement_traverse(element, {}, replace)  # type: ignore[call-overload]  # also for a Select
    return replaced


def _find_tables(element: ColumnElement[Any]) -> Iterator[Table]:
    for node in iterate(element):
        source: object = node.table if isinstance(node, ColumnClause) else node
        while isinstance(source, AliasedReturnsRows):
            source = source.element
        if isinstance(source, Table):
            yield source
