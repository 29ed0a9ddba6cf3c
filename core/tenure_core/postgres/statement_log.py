"""Recording of SQL statements, for tests and for the conformance kit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

import psycopg
from psycopg.abc import Params, Query

from tenure_core.postgres.database import ConnectionLease

BINDING = "SELECT set_config"
"""The beginning of statements that bind a connection to a tenant. Their number depends on the previous
borrower."""

_statements: ContextVar[list[str] | None] = ContextVar("_statements", default=None)


class RecordingCursor(psycopg.AsyncCursor[Any]):
    """A cursor that records its statements in the list of the current context."""

    async def execute(self, query: Query, params: Params | None = None, **options: Any) -> Self:  # noqa: ANN401  # as in psycopg
        """Record and execute a statement."""
        _record(query)
        return await super().execute(query, params, **options)  # type: ignore[arg-type]  # overloads part templates

    async def executemany(self, query: Query, params_seq: Iterable[Params], **options: Any) -> None:  # noqa: ANN401  # as in psycopg
        """Record a statement once, and execute it with each set of parameters."""
        _record(query)
        await super().executemany(query, params_seq, **options)


@contextmanager
def record_statements() -> Iterator[list[str]]:
    """Record the statements of the current task and of the tasks that it starts.

    Statements that bind a connection to a tenant, and connections borrowed before, are not recorded.
    """
    statements: list[str] = []
    token, cursor_class = _statements.set(statements), ConnectionLease.cursor_class
    ConnectionLease.cursor_class = RecordingCursor
    try:
        yield statements
    finally:
        ConnectionLease.cursor_class = cursor_class
        _statements.reset(token)


def _record(query: Query) -> None:
    statements = _statements.get()
    if statements is not None and not (statement := str(query)).startswith(BINDING):
        statements.append(statement)
