"""Questions: what a client sent, read but not yet understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What a client sent.

    Args:
        query: The document's text.
        variables: The variables, as they came.
        operation_name: Which operation of the document; None for the only one.
        idempotency_key: What the client calls this request, so that it may send it again; or None.
    """

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None
    idempotency_key: str | None = None
