"""One operation of a request together with its variables and its actor; the input of every execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import FieldNode, GraphQLSchema, OperationType

from tenure_core.access.identity import Actor
from tenure_core.query.request import SelectedField
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.lowering import Lowering
from tenure_schema.operations.prepared_operations import CachedOperation
from tenure_schema.operations.variables import Variables


@dataclass(frozen=True)
class OperationRequest:
    """An operation to execute.

    Args:
        schema: The schema.
        cached: The operation of the document.
        variables: The coerced variables.
        request: The request as received.
        actor: The authenticated actor.
        request_id: The id of the request, for logs and errors.
    """

    schema: GraphQLSchema
    cached: CachedOperation
    variables: Variables
    request: GraphQLRequest
    actor: Actor
    request_id: str

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.cached.node.operation

    @cached_property
    def fields(self) -> tuple[SelectedField, ...]:
        """The root fields, lowered for an execution with resolvers."""
        return self._lowering.lower(self.cached.node)

    @cached_property
    def nodes(self) -> Mapping[str, list[FieldNode]]:
        """The nodes of each root field by response key."""
        return self._lowering.group_root_nodes(self.cached.node)

    @cached_property
    def _lowering(self) -> Lowering:
        fragments = self.cached.document.fragments
        return Lowering(self.schema, fragments, self.variables.without_tracking(), with_types=True)
