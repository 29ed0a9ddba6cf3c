"""The cache of prepared operations: planned and compiled once per shape of the variables.

A variable is part of the shape if its value changes the plan, such as for `@include(if:)`, an order or a page
size; a `ShapeDependency` states which property of the value does. All other variables, and the values inside
a cursor, are only bound. Requests that differ only in bound values share a prepared operation, so that the
second one is neither lowered nor planned.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import FieldNode, FragmentSpreadNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

from tenure_core.access.grants import Grants
from tenure_core.catalog.catalog import Catalog
from tenure_core.query.plan import Bind, Plan, plan
from tenure_core.query.plan.cost import check_cost, cost
from tenure_core.query.plan.placeholders import has_placeholders
from tenure_core.query.request import TYPE_NAME, SelectedField, ShapeDependency
from tenure_core.query.sql import Statement, compile
from tenure_schema.operations.document_cache import Document
from tenure_schema.operations.lowering import Lowering
from tenure_schema.operations.shape_dependencies import find_shape_dependencies
from tenure_schema.operations.variables import VariableReader, Variables

MAX_SHAPES = 100
"""The maximum number of cached shapes per operation."""

MAX_SHAPE_CHARACTERS = 10_000
"""The maximum size of a cached shape; larger ones, such as long filters, are planned for every request."""

Shape = tuple[Grants, tuple[tuple[str, bool], ...], str]
"""The grants, the names of the provided variables and whether each is null, and the dependencies' values."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that is ready to run.

    Args:
        keys: The response keys of the root fields, in order.
        statements: The response key, the statement and the binds of every root field except `__typename`.
        batch_plans: The plans with placeholders for batch fields, by response key.
        dependencies: The properties of variables on which the plans depend.
    """

    keys: tuple[str, ...]
    statements: tuple[tuple[str, Statement, tuple[Bind, ...]], ...]
    batch_plans: Mapping[str, Plan]
    dependencies: frozenset[ShapeDependency]


@dataclass(slots=True)
class CachedOperation:
    """An operation of a document, and its prepared forms.

    Args:
        document: The document.
        node: The syntax tree of the operation.
        variable_reader: Reads the variables of requests.
        roots: The names of the root fields.
        dependencies: The properties of variables on which the plans depend, as far as they are known.
        prepared: The prepared operations by shape, the oldest first.
    """

    document: Document
    node: OperationDefinitionNode
    variable_reader: VariableReader
    roots: frozenset[str]
    dependencies: frozenset[ShapeDependency]
    prepared: OrderedDict[Shape, Prepared] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, document: Document, node: OperationDefinitionNode, schema: GraphQLSchema) -> CachedOperation:
        """Return an operation without prepared forms."""
        roots = frozenset(_root_names(document, node.selection_set))
        dependencies = find_shape_dependencies(schema, node, document.fragments.values())
        return cls(document, node, VariableReader(schema, node), roots, dependencies)

    def get_shape(self, variables: Variables, grants: Grants) -> Shape:
        """Return the shape; requests with equal shapes share a prepared operation."""
        values = variables.coerced
        properties = [dependency.extract(values.get(dependency.name)) for dependency in self.dependencies]
        nulls = tuple((name, values[name] is None) for name in sorted(values))
        return grants, nulls, repr(properties)

    def store(self, prepared: Prepared, variables: Variables, grants: Grants) -> None:
        """Store a prepared operation; a new dependency invalidates the stored ones."""
        if not prepared.dependencies <= self.dependencies:
            self.dependencies |= prepared.dependencies
            self.prepared.clear()
        shape = self.get_shape(variables, grants)
        if len(shape[2]) <= MAX_SHAPE_CHARACTERS:
            self.prepared[shape] = prepared
        if len(self.prepared) > MAX_SHAPES:
            self.prepared.popitem(last=False)


def prepare(
    operation: CachedOperation,
    variables: Variables,
    schema: GraphQLSchema,
    catalog: Catalog,
    grants: Grants,
    max_cost: int,
) -> Prepared:
    """Return the prepared operation for a request, from the cache or newly planned.

    Raises:
        TenureError: The operation is invalid, not permitted or too expensive.
    """
    prepared = operation.prepared.get(operation.get_shape(variables, grants))
    if prepared is None:
        fields = Lowering(schema, operation.document.fragments, variables).lower(operation.node)
        prepared = _plan_fields(fields, catalog, grants, max_cost)
        operation.store(prepared, variables, grants)
    return prepared


def _plan_fields(
    fields: tuple[SelectedField, ...], catalog: Catalog, grants: Grants, max_cost: int
) -> Prepared:
    planned = [(f.key, plan(f, catalog, grants)) for f in fields if f.name != TYPE_NAME]
    check_cost(sum(cost(p.plan) for _, p in planned), max_cost)
    statements = tuple((key, compile(p.plan), p.binds) for key, p in planned)
    batch_plans = {key: p.plan for key, p in planned if has_placeholders(p.plan)}
    dependencies = frozenset().union(*(p.dependencies for _, p in planned))
    return Prepared(tuple(f.key for f in fields), statements, batch_plans, dependencies)


def _root_names(document: Document, selection_set: SelectionSetNode) -> Iterator[str]:
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, FragmentSpreadNode):
            yield from _root_names(document, document.fragments[node.name.value].selection_set)
        else:
            yield from _root_names(document, node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
