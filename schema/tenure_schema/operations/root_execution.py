"""Executes one root field with graphql-core, independently of the other root fields of the operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from inspect import isawaitable
from typing import cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    OperationDefinitionNode,
    SelectionSetNode,
    create_source_event_stream,
    execute,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from tenure_core.query.request import SelectedField
from tenure_schema.operations.operation_request import OperationRequest


async def resolve_root(
    operation: OperationRequest, field: SelectedField, *, root: object = None, context: object = None
) -> ExecutionResult:
    """Return the result of a root field.

    Args:
        operation: The operation.
        field: The root field.
        root: The root value.
        context: The context of the resolvers.
    """
    result = execute(
        operation.schema,
        _build_document(operation, field),
        root,
        context,
        dict(operation.request.variables),
        executor_class=StrawberryGraphQLCoreExecutionContext,
    )
    return await result if isawaitable(result) else result


async def subscribe(
    operation: OperationRequest, field: SelectedField, context: object
) -> AsyncGenerator[object] | ExecutionResult:
    """Return the events of a subscription, or the errors that prevent it.

    Args:
        operation: The operation.
        field: The root field.
        context: The context of the resolver.
    """
    document, variables = _build_document(operation, field), dict(operation.request.variables)
    executor = StrawberryGraphQLCoreExecutionContext.build(
        operation.schema, document, None, context, variables
    )
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    stream = create_source_event_stream(executor)
    events = await stream if isawaitable(stream) else stream
    return cast(AsyncGenerator[object] | ExecutionResult, events)


def _build_document(operation: OperationRequest, field: SelectedField) -> DocumentNode:
    """Return a document that selects only one root field of an operation."""
    node = operation.cached.node
    definition = OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=node.variable_definitions,
        directives=node.directives,
        selection_set=SelectionSetNode(selections=tuple(operation.nodes[field.key])),
    )
    return DocumentNode(definitions=(definition, *operation.cached.document.fragments.values()))
