"""Resolving: answers one root field through graphql-core, apart from all others."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tenure_schema.prepared import Operation


def document_of(operation: Operation, nodes: list[FieldNode]) -> DocumentNode:
    """Return a document that asks for one root field of an operation.

    Args:
        operation: The operation.
        nodes: The places that ask for the field.
    """
    whole = operation.node
    alone = OperationDefinitionNode(
        operation=whole.operation,
        name=whole.name,
        variable_definitions=whole.variable_definitions,
        directives=whole.directives,
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    return DocumentNode(definitions=(alone, *operation.document.fragments.values()))


async def resolve_root(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: Mapping[str, Any],
    *,
    root: object = None,
    context: object = None,
) -> ExecutionResult:
    """Return what resolvers answer to one root field.

    Args:
        schema: Whose resolvers.
        document: What is asked; see `document_of`.
        variables: The variables as they came.
        root: What the root field is taken from.
        context: What resolvers are given.
    """
    result = execute(
        schema,
        document,
        root,
        context,
        dict(variables),
        executor_class=StrawberryGraphQLCoreExecutionContext,
    )
    return await result if isawaitable(result) else result
