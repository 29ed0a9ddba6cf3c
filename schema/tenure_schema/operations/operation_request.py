"""Asking: one operation, with who asks it: what every way of answering works with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import FieldNode, GraphQLSchema

from tenure_core.access.identity import Actor
from tenure_core.query.request import SelectedField
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.lowering import Lowering, Variables
from tenure_schema.operations.prepared_operations import CachedOperation


@dataclass(frozen=True)
class OperationRequest:
    """One operation, with who asks it.

    Args:
        schema: What the names mean.
        operation: The operation.
        variables: Its variables, read.
        question: What the client sent.
        actor: Who asks.
        request_id: What the request is called in logs.
    """

    schema: GraphQLSchema
    operation: CachedOperation
    variables: Variables
    question: GraphQLRequest
    actor: Actor
    request_id: str

    @cached_property
    def fields(self) -> tuple[SelectedField, ...]:
        """The root fields, lowered for an answer that resolvers have a part in."""
        return self._lowering.roots(self.operation.node)

    @cached_property
    def nodes(self) -> dict[str, list[FieldNode]]:
        """The places that ask for each root field, by its name in the answer."""
        return dict(self._lowering.root_nodes(self.operation.node))

    @property
    def given(self) -> dict[str, Any]:
        """The variables as they came."""
        return dict(self.question.variables)

    @cached_property
    def _lowering(self) -> Lowering:
        fragments = self.operation.document.fragments
        return Lowering(self.schema, fragments, self.variables.without_tracking(), typed=True)
