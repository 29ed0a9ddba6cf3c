"""Prepared operations: planned and compiled once for each shape of their variables.

A variable shapes the plan where its value decides something, such as `@include(if:)`, an order or a page's
size; `Variable.trait` notes what of it does. All else is only bound: every other variable, and of a cursor
the values that it holds. So two requests that differ in nothing else share what was prepared, and the second
one neither lowers nor plans.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import FieldNode, FragmentSpreadNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

from tenure_core.access.grants import Grants, TenantGrants
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import RequestTooLargeError
from tenure_core.query.plan import Bind, Plan, plan
from tenure_core.query.plan.cost import cost
from tenure_core.query.plan.placeholders import has_placeholders
from tenure_core.query.request import SelectedField, ShapeDependency
from tenure_core.query.sql import Statement, compile
from tenure_schema.operations.document_cache import Document
from tenure_schema.operations.lowering import TYPE_NAME, Lowering, Variables

SHAPE_CACHE_SIZE = 100
"""How many shapes of variables are kept for one operation."""


SHAPE_CHARACTERS = 10_000
"""The longest shape that is kept: a client's large filters are its own affair."""

Shape = tuple[Grants, tuple[tuple[str, bool], ...], str]
"""The grants, which variables are there and not null, and what of them shaped the plan."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that is ready to run.

    Args:
        keys: The names of the answer's root fields, in order.
        statements: Every root field but `__typename`: its name in the answer, its statement, its values.
        coded: The plans that leave values to plugins' code, by the names in the answer.
    """

    keys: tuple[str, ...]
    statements: tuple[tuple[str, Statement, tuple[Bind, ...]], ...]
    coded: Mapping[str, Plan]


@dataclass(slots=True)
class CachedOperation:
    """What is known of one operation of one document.

    Args:
        document: The document.
        node: The operation's syntax tree.
        roots: The names of its root fields.
        observed: What of the variables has shaped a plan so far.
        prepared: What was prepared, by the shape of the variables.
    """

    document: Document
    node: OperationDefinitionNode
    roots: frozenset[str]
    observed: frozenset[ShapeDependency] = frozenset()
    prepared: OrderedDict[Shape, Prepared] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, document: Document, node: OperationDefinitionNode) -> CachedOperation:
        """Return the operation, with nothing prepared yet."""
        return cls(document, node, frozenset(_root_names(document, node.selection_set)))

    def shape(self, variables: Variables, grants: Grants) -> Shape:
        """Return what must be equal for two requests to share what was prepared."""
        values = variables.coerced
        shaping = [trait.extract(values.get(trait.name)) for trait in self.observed]
        presence = tuple((name, values[name] is None) for name in sorted(values))
        return grants, presence, repr(shaping)

    def keep(self, prepared: Prepared, variables: Variables, grants: Grants) -> None:
        """Keep what was prepared; a trait seen to shape plans for the first time voids earlier shapes."""
        if not variables.observed <= self.observed:
            self.observed |= variables.observed
            self.prepared.clear()
        shape = self.shape(variables, grants)
        if len(shape[2]) <= SHAPE_CHARACTERS:
            self.prepared[shape] = prepared
        if len(self.prepared) > SHAPE_CACHE_SIZE:
            self.prepared.popitem(last=False)


def prepare(
    operation: CachedOperation,
    variables: Variables,
    schema: GraphQLSchema,
    catalog: Catalog,
    authorized: TenantGrants,
    max_cost: int,
) -> Prepared:
    """Return an operation ready to run, from what is kept or anew.

    Raises:
        TenureError: It asks for what is not there, not allowed, or too much.
    """
    found = operation.prepared.get(operation.shape(variables, authorized.grants))
    if found is None:
        fields = Lowering(schema, operation.document.fragments, variables).roots(operation.node)
        found = _prepared(fields, catalog, authorized, max_cost)
        operation.keep(found, variables, authorized.grants)
    return found


def _prepared(
    fields: tuple[SelectedField, ...], catalog: Catalog, authorized: TenantGrants, max_cost: int
) -> Prepared:
    planned = [(f.key, plan(f, catalog, authorized)) for f in fields if f.name != TYPE_NAME]
    check_cost(sum(cost(p.plan) for _, p in planned), max_cost)
    statements = tuple((key, compile(p.plan), p.binds) for key, p in planned)
    coded = {key: p.plan for key, p in planned if has_placeholders(p.plan)}
    return Prepared(tuple(f.key for f in fields), statements, coded)


def check_cost(asked: int, allowed: int) -> None:
    """Check how many records an operation may bring.

    Raises:
        RequestTooLargeError: Too many.
    """
    if asked > allowed:
        raise RequestTooLargeError(
            f"The operation may bring {asked} records; at most {allowed} are allowed.",
            "Make `first` smaller on nested lists, or ask in several requests.",
        )


def _root_names(document: Document, selection_set: SelectionSetNode) -> Iterator[str]:
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, FragmentSpreadNode):
            yield from _root_names(document, document.fragments[node.name.value].selection_set)
        else:
            yield from _root_names(document, node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
