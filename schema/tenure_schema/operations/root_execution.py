"""Resolving: answers one root field through graphql-core, apart from all others."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    create_source_event_stream,
    execute,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tenure_schema.operations.prepared_operations import CachedOperation


def document_of(operation: CachedOperation, nodes: list[FieldNode]) -> DocumentNode:
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


async def subscribe(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], context: object
) -> AsyncGenerator[object] | ExecutionResult:
    """Return the events of a subscription, or what is wrong with it.

    Args:
        schema: Whose resolvers.
        document: What is subscribed to; see `document_of`.
        variables: The variables as they came.
        context: What its resolver is given.
    """
    executor = StrawberryGraphQLCoreExecutionContext.build(schema, document, None, context, dict(variables))
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    found = create_source_event_stream(executor)
    source = await found if isawaitable(found) else found
    return cast(AsyncGenerator[object] | ExecutionResult, source)
