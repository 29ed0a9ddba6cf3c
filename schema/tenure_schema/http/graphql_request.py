"""The content of a GraphQL request, as it was received over HTTP or a WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """A GraphQL request.

    Args:
        query: The text of the document.
        variables: The values of the variables by name, as received.
        operation_name: The operation to execute; None if the document contains only one.
        idempotency_key: The value of the `Idempotency-Key` header; None if it was not sent.
    """

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None
    idempotency_key: str | None = None
