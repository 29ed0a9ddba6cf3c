"""Objects: from a plan's outputs to JSON, built by PostgreSQL.

An object is a lateral select whose columns carry the answer's names: `row_to_json` of its row is the object.
Seen to be about 1.5 times as fast as nested `json_build_object`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSON, aggregate_order_by

from tenure_core.catalog.computed_fields import AnyColumn
from tenure_core.catalog.external_refs import EXTERNAL_REF
from tenure_core.query.plan.change_nodes import History
from tenure_core.query.plan.nodes import (
    BatchValue,
    CompositeValue,
    ExternalRefs,
    Node,
    Output,
    ToManyAggregation,
    ToManyConnection,
    ToOneNode,
    TypeName,
    Value,
)
from tenure_core.query.plan.predicates import Predicate
from tenure_core.query.sql.columns import value_of
from tenure_core.query.sql.conditions import (
    Condition,
    condition,
    external_refs,
    join_condition,
    tenant_condition,
)

Pairs = Iterable[tuple[str, ColumnElement[Any]]]


def string_literal(text: str) -> ColumnElement[str]:
    """Return a name of the API, which holds no quotes, as a literal."""
    return literal_column(f"'{text}'")


def int_literal(value: int) -> ColumnElement[int]:
    """Return a number that belongs to the statement's shape as a literal."""
    return literal_column(str(value))


def json_object(pairs: Pairs) -> ColumnElement[Any]:
    """Return a small JSON object."""
    return func.json_build_object(
        *(item for key, value in pairs for item in (string_literal(key), value)), type_=JSON()
    )


@dataclass(slots=True)
class Source:
    """A source of rows that grows by what their objects need.

    Args:
        rows: The rows themselves.
        joined: The rows with everything joined to them so far.
        outer: What nested selects may refer to.
    """

    rows: FromClause
    joined: FromClause
    outer: list[FromClause] = field(default_factory=list)

    @classmethod
    def of(cls, rows: FromClause) -> Source:
        """Return the source of some rows, with nothing joined yet."""
        return cls(rows, rows, [rows])

    def attach(self, rows: Select[Any]) -> FromClause:
        """Join what a lateral select gives for each row, or nulls where it gives nothing."""
        lateral = rows.correlate(*self.outer).lateral()
        self.joined = self.joined.outerjoin(lateral, true())
        self.outer.append(lateral)
        return lateral

    def add_object(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        """Join one object per row, and return it as a row whose JSON it is.

        Its name holds a space: no name that a client gives a column can be taken for it.
        """
        lateral = select(*columns).correlate(*self.outer).lateral(f"object {len(self.outer)}")
        self.joined = self.joined.join(lateral, true())
        self.outer.append(lateral)
        return lateral.table_valued()

    def node(self, node: Node) -> ColumnElement[Any]:
        """Join the object of each row's record, and return it as a row whose JSON it is."""
        return self.add_object([value(output, self).label(output.key) for output in node.outputs])


@singledispatch
def value(output: Output, source: Source) -> ColumnElement[Any]:
    """Return what one output of an object is, joining to the source what it takes.

    Lists and aggregates add themselves in their own modules.
    """
    raise TypeError(f"no SQL for {output!r}")


@value.register
def _(output: Value, source: Source) -> ColumnElement[Any]:
    return value_of(output.column, source.rows)


@value.register
def _(output: BatchValue, source: Source) -> ColumnElement[Any]:
    needs = output.field.required_columns.items()
    return json_object((name, value_of(column, source.rows)) for name, column in needs)


@value.register
def _(output: TypeName, source: Source) -> ColumnElement[Any]:
    return string_literal(output.name)


@value.register
def _(output: CompositeValue, source: Source) -> ColumnElement[Any]:
    rows = source.rows
    filled = or_(*(value_of(column, rows).is_not(None) for column in output.columns))
    pairs = (
        (o.key, string_literal(o.name) if isinstance(o, TypeName) else value_of(o.column, rows))
        for o in output.outputs
    )
    return case((filled, json_object(pairs)))


@value.register
def _(output: ToOneNode, source: Source) -> ColumnElement[Any]:
    target = output.node.entity.table.alias()
    return source.attach(
        record(output.node, target, output.scope, join_condition(output.relation, source.rows, target))
    ).c.value


@value.register
def _(output: ExternalRefs, source: Source) -> ColumnElement[Any]:
    ref = EXTERNAL_REF.alias()
    pairs = (
        (o.key, string_literal(o.name) if isinstance(o, TypeName) else ref.c[o.column.name])
        for o in output.outputs
    )
    listed = aggregate_order_by(json_object(pairs), ref.c.system, ref.c.external_id)
    empty: ColumnElement[Any] = literal_column("'[]'::json")
    found = func.coalesce(func.json_agg(listed, type_=JSON()), empty).label("value")
    return source.attach(external_refs(output.entity, source.rows, ref, found)).c.value


def record(node: Node, table: FromClause, scope: Predicate, *which: Condition) -> Select[Any]:
    """Return the select of one record as JSON, in a column called value.

    There is one at most, but PostgreSQL has to be told: else it may join a list's records to the list in an
    order of its own, and the list would lose its order.

    Args:
        node: The object.
        table: The aliased table that the record lies in.
        scope: Whether it may be seen.
        which: Which one, where the scope does not say it.
    """
    source = Source.of(table)
    found = func.row_to_json(source.node(node), type_=JSON()).label("value")
    which_one = (tenant_condition(table), *which, condition(scope, table))
    return select(found).select_from(source.joined).where(*which_one).limit(int_literal(1))


def required_columns(node: Node) -> dict[str, AnyColumn]:
    """Return the columns that an object is made of, by their names."""
    found: dict[str, AnyColumn] = {}
    for output in node.outputs:
        match output:
            case Value():
                found[output.column.name] = output.column
            case BatchValue():
                found |= {column.name: column for column in output.field.required_columns.values()}
            case CompositeValue():
                found |= {column.name: column for column in output.columns}
            case ToOneNode():
                found[output.relation.column.name] = output.relation.column
            case ToManyConnection() | ToManyAggregation() | History() | ExternalRefs():
                found["id"] = node.entity.id.column
    return found
