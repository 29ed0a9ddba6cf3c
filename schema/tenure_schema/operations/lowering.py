"""Lowers a GraphQL operation and its variables to the selected fields that the planner reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

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
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.execution.values import get_argument_values, get_directive_values
from graphql.pyutils import Undefined

from tenure_core.errors import BadUserInputError
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_schema.operations.variables import Variables

MAX_KEY_LENGTH = 63
"""The maximum length of a response key: PostgreSQL truncates longer column names."""


@dataclass(frozen=True)
class Lowering:
    """Lowers the operations of one document.

    Args:
        schema: The schema.
        fragments: The fragments of the document, by name.
        variables: The variables of the request.
        with_types: Whether to add the key `__type` to records of interfaces and unions, which graphql-core
            needs to resolve their types.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    with_types: bool = False

    def lower(self, operation: OperationDefinitionNode) -> tuple[SelectedField, ...]:
        """Return the root fields of an operation.

        Raises:
            BadUserInputError: An argument has the wrong type, or an alias is too long.
        """
        return self._lower_fields(self._root_type(operation), [operation.selection_set])

    def group_root_nodes(self, operation: OperationDefinitionNode) -> Mapping[str, list[FieldNode]]:
        """Return the nodes of each root field by response key."""
        return self._group_nodes(self._root_type(operation), [operation.selection_set])

    def _root_type(self, operation: OperationDefinitionNode) -> GraphQLObjectType:
        return cast(GraphQLObjectType, self.schema.get_root_type(operation.operation))

    def _lower_fields(
        self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> tuple[SelectedField, ...]:
        groups = self._group_nodes(parent, sets)
        return tuple(self._lower_field(parent, key, nodes) for key, nodes in groups.items())

    def _group_nodes(
        self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]
    ) -> dict[str, list[FieldNode]]:
        groups: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            for node in self._collect_nodes(parent, selection_set, visited):
                groups.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return groups

    def _collect_nodes(
        self, parent: GraphQLObjectType, selection_set: SelectionSetNode | None, visited: set[str]
    ) -> Iterator[FieldNode]:
        for node in selection_set.selections if selection_set else ():
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else parent.name
                if _applies_to(condition, parent):
                    yield from self._collect_nodes(parent, node.selection_set, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if _applies_to(fragment.type_condition.name.value, parent):
                    yield from self._collect_nodes(parent, fragment.selection_set, visited)

    def _is_included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        values = self.variables.constants
        skip = get_directive_values(GraphQLSkipDirective, node, values)
        include = get_directive_values(GraphQLIncludeDirective, node, values)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _lower_field(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> SelectedField:
        if len(key) > MAX_KEY_LENGTH:
            raise BadUserInputError(
                f"The alias {key[:20]}... has {len(key)} characters.", f"Use at most {MAX_KEY_LENGTH}."
            )
        name = nodes[0].name.value
        definition = parent.fields.get(name)
        if definition is None:  # __typename, __schema and __type
            return SelectedField(key, name, {}, ())
        arguments = self._read_arguments(definition, nodes[0])
        return SelectedField(key, name, arguments, self._lower_selections(definition, nodes))

    def _read_arguments(self, definition: GraphQLField, node: FieldNode) -> Mapping[str, object]:
        try:
            arguments = get_argument_values(
                definition, node, self.variables.tracked_values, hide_suggestions=True
            )
        except GraphQLError as error:
            raise BadUserInputError(f"{node.name.value}: {error.message}") from None
        return {name: value for name, value in arguments.items() if value is not Undefined}

    def _lower_selections(
        self, definition: GraphQLField, nodes: list[FieldNode]
    ) -> tuple[SelectedField, ...]:
        type_ = get_named_type(definition.type)
        sets = [node.selection_set for node in nodes]
        if isinstance(type_, GraphQLObjectType):
            return self._lower_fields(type_, sets)
        if is_composite_type(type_) and is_abstract_type(type_):
            types = self.schema.get_possible_types(type_)
            return tuple(field for possible in types for field in self._lower_type_fields(possible, sets))
        return ()

    def _lower_type_fields(
        self, type_: GraphQLObjectType, sets: list[SelectionSetNode | None]
    ) -> Iterator[SelectedField]:
        """Yield the fields that apply to one possible type of an interface or union."""
        for field in self._lower_fields(type_, sets):
            yield replace(field, on=type_.name)
        if self.with_types:
            yield SelectedField("__type", TYPE_NAME, {}, (), type_.name)


def _applies_to(condition: str, parent: GraphQLObjectType) -> bool:
    return condition == parent.name or condition in (interface.name for interface in parent.interfaces)
