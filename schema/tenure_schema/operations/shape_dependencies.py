"""Finds the variables on which the lowering of an operation depends; the planner reports further ones.

They follow from the document alone. Prepared operations are cached by their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    type_from_ast,
    visit,
)

from tenure_core.query.request import ShapeDependency, identity
from tenure_schema.operations.variables import is_scalar


def find_shape_dependencies(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Iterable[FragmentDefinitionNode]
) -> frozenset[ShapeDependency]:
    """Return the variables that contain objects or lists, control a directive, or are part of a JSON literal.

    Args:
        schema: The schema.
        operation: The operation.
        fragments: The fragments of the document.
    """
    names = set(_structured_variables(schema, operation))
    for node in (operation, *fragments):
        type_info = TypeInfo(schema)
        visitor = _VariableVisitor(type_info)
        visit(node, TypeInfoVisitor(type_info, visitor))
        names |= visitor.names
    return frozenset(ShapeDependency(name, identity) for name in names)


def _structured_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Iterator[str]:
    for definition in operation.variable_definitions or ():
        if not is_scalar(type_from_ast(schema, definition.type)):
            yield definition.variable.name.value


class _VariableVisitor(Visitor):
    """Collects the names of variables that control a directive or are part of a JSON literal."""

    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self._type_info = type_info
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        values = (argument.value for argument in node.arguments or ())
        self.names.update(value.name.value for value in values if isinstance(value, VariableNode))

    def enter_list_value(self, node: ListValueNode, *_: object) -> None:
        if is_scalar(self._type_info.get_parent_input_type()):
            self.names.update(_list_variables(node))

    def enter_object_value(self, node: ObjectValueNode, *_: object) -> None:
        if is_leaf_type(get_named_type(self._type_info.get_input_type())):
            self.names.update(_list_variables(node))


def _list_variables(node: ValueNode) -> Iterator[str]:
    if isinstance(node, VariableNode):
        yield node.name.value
    elif isinstance(node, ListValueNode):
        yield from chain.from_iterable(map(_list_variables, node.values))
    elif isinstance(node, ObjectValueNode):
        yield from chain.from_iterable(_list_variables(field.value) for field in node.fields)
