"""Lowering: from a GraphQL operation and its variables to what is asked, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
)
from graphql.execution.values import (
    VariableValues,
    get_argument_values,
    get_directive_values,
    get_variable_values,
)
from graphql.pyutils import Undefined

from tenure_core.errors import BadUserInputError
from tenure_core.query.request import SelectedField, ShapeDependency, Variable, identity

TYPE_NAME = "__typename"
ROW, BULK_INPUT, BULK_PAYLOAD = "UpsertRow", "BulkUpsertInput", "BulkUpsertPayload"
"""What the names of the types of bulk writes end with."""

MAX_KEY = 63
"""The longest name that PostgreSQL gives a column, and so the longest alias."""


class InvalidVariablesError(BadUserInputError):
    """Variables that do not fit the operation that they came with."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))


class _Sources(dict[str, Any]):
    """The variables as they came; notes those that go into a JSON literal, since they shape the plan."""

    def __init__(self, sources: Mapping[str, Any], observed: set[ShapeDependency]) -> None:
        super().__init__(sources)
        self.observed = observed

    def get(self, name: str, default: object = None) -> object:
        self.observed.add(ShapeDependency(name, identity))
        return super().get(name, default)


@dataclass(frozen=True)
class Variables:
    """The variables of one request.

    Args:
        coerced: Their values as the operation declares them; those that were left out are not there.
        marked: The same, with scalars as `Variable`s.
        observed: What of them shapes the plan.
    """

    coerced: Mapping[str, object]
    marked: VariableValues
    observed: set[ShapeDependency] = field(default_factory=set)

    def fixed(self) -> VariableValues:
        """Return the values for a decision about the plan's shape."""
        return VariableValues(self.marked.sources, dict(self.coerced))

    def without_tracking(self) -> Variables:
        """Return the variables for what is done once, and needs no word on where a value came from."""
        return Variables(self.coerced, self.fixed(), self.observed)


def read_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> Variables:
    """Return the variables of a request as its operation declares them.

    Raises:
        InvalidVariablesError: One is missing or of the wrong type.
    """
    others, rows = _without_rows(operation, given)
    values = get_variable_values(
        schema, operation.variable_definitions or (), others, max_errors=5, hide_suggestions=True
    )
    if isinstance(values, list):
        raise InvalidVariablesError(values)
    _put_back(values.coerced, rows)
    observed: set[ShapeDependency] = set()
    marked = {
        name: Variable(name, value, observed) if _is_scalar(values, name) and value is not None else value
        for name, value in values.coerced.items()
    }
    # That a variable is empty shapes every plan; only what an object or a list holds has to be noted.
    structured = [n for n, v in marked.items() if v is not None and not isinstance(v, Variable)]
    observed |= {ShapeDependency(name, identity) for name in structured}
    return Variables(values.coerced, VariableValues(_Sources(values.sources, observed), marked), observed)


def _without_rows(
    operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> tuple[dict[str, Any], Mapping[str, list[Any]]]:
    """Return the variables without the rows of bulk writes, and those rows.

    They go on as they came: what is wrong with a row is an error of that row, which the core tells.
    """
    others, found = dict(given), {}
    for definition in operation.variable_definitions or ():
        name, type_, value = definition.variable.name.value, _type_name(definition.type), None
        if name not in given:
            continue
        if type_.endswith(ROW) and _is_list(definition.type):
            value = given[name]
            others[name] = []
        elif type_.endswith(BULK_INPUT) and isinstance(given[name], dict):
            value = given[name].get("rows")
            others[name] = {**given[name], "rows": []}
        if isinstance(value, dict):
            value = [value]
        if isinstance(value, list):
            found[name] = value
        else:
            others[name] = given[name]
    return others, found


def _put_back(coerced: dict[str, Any], rows: Mapping[str, list[Any]]) -> None:
    for name, value in rows.items():
        coerced[name] = {**coerced[name], "rows": value} if isinstance(coerced[name], dict) else value


def _type_name(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = cast(ListTypeNode | NonNullTypeNode, node).type
    return node.name.value


def _is_list(node: TypeNode) -> bool:
    return isinstance(node.type if isinstance(node, NonNullTypeNode) else node, ListTypeNode)


def _is_scalar(values: VariableValues, name: str) -> bool:
    type_ = values.sources[name].signature.type
    return is_leaf_type(getattr(type_, "of_type", type_))


@dataclass(frozen=True)
class Lowering:
    """Lowers operations of one document.

    Args:
        schema: What the names mean.
        fragments: The document's fragments.
        variables: The request's variables.
        typed: Whether records of possibly several types carry theirs as `__type`: the general way needs it.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    typed: bool = False

    def roots(self, operation: OperationDefinitionNode) -> tuple[SelectedField, ...]:
        """Return the root fields of an operation.

        Raises:
            BadUserInputError: An argument is of the wrong type, or an alias is too long.
        """
        root = cast(GraphQLObjectType, self.schema.get_root_type(operation.operation))
        return self._fields(root, [operation.selection_set])

    def root_nodes(self, operation: OperationDefinitionNode) -> Mapping[str, list[FieldNode]]:
        """Return the nodes of each root field, by the name that the answer gives it."""
        root = cast(GraphQLObjectType, self.schema.get_root_type(operation.operation))
        return self._grouped(root, [operation.selection_set])

    def _fields(
        self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> tuple[SelectedField, ...]:
        grouped = self._grouped(parent, sets)
        return tuple(self._field(parent, key, nodes) for key, nodes in grouped.items())

    def _grouped(
        self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        grouped: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            for node in self._nodes(parent, selection_set, visited):
                grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return grouped

    def _nodes(
        self, parent: GraphQLObjectType, selection_set: SelectionSetNode | None, visited: set[str]
    ) -> Iterator[FieldNode]:
        for node in selection_set.selections if selection_set else ():
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if self._applies(
                    node.type_condition.name.value if node.type_condition else parent.name, parent
                ):
                    yield from self._nodes(parent, node.selection_set, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, parent):
                    yield from self._nodes(parent, fragment.selection_set, visited)

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        self.variables.observed.update(
            ShapeDependency(argument.value.name.value, identity)
            for directive in node.directives
            for argument in directive.arguments or ()
            if hasattr(argument.value, "name")
        )
        values = self.variables.fixed()
        skip = get_directive_values(GraphQLSkipDirective, node, values)
        include = get_directive_values(GraphQLIncludeDirective, node, values)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        return condition == parent.name or condition in (interface.name for interface in parent.interfaces)

    def _field(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> SelectedField:
        if len(key) > MAX_KEY:
            raise BadUserInputError(
                f"The alias {key[:20]}... has {len(key)} characters.", f"Use {MAX_KEY} at most."
            )
        name = nodes[0].name.value
        if name == TYPE_NAME:
            return SelectedField(key, name, {}, ())
        definition = parent.fields.get(name)
        if definition is None:
            return SelectedField(key, name, {}, ())
        return SelectedField(
            key, name, self._arguments(definition, nodes[0]), self._selected(definition, nodes)
        )

    def _arguments(self, definition: GraphQLField, node: FieldNode) -> Mapping[str, object]:
        try:
            found = get_argument_values(definition, node, self.variables.marked, hide_suggestions=True)
        except GraphQLError as error:
            raise BadUserInputError(f"{node.name.value}: {error.message}") from None
        return {name: value for name, value in found.items() if value is not Undefined}

    def _selected(self, definition: GraphQLField, nodes: list[FieldNode]) -> tuple[SelectedField, ...]:
        type_ = get_named_type(definition.type)
        sets = [node.selection_set for node in nodes]
        if isinstance(type_, GraphQLObjectType):
            return self._fields(type_, sets)
        if is_composite_type(type_) and is_abstract_type(type_):
            possible = self.schema.get_possible_types(type_)
            return tuple(f for one in possible for f in self._fields_on(one, sets))
        return ()

    def _fields_on(
        self, type_: GraphQLObjectType, sets: list[SelectionSetNode | None]
    ) -> Iterator[SelectedField]:
        for f in self._fields(type_, sets):
            yield SelectedField(f.key, f.name, f.arguments, f.fields, type_.name)
        if self.typed:
            yield SelectedField("__type", TYPE_NAME, {}, (), type_.name)
