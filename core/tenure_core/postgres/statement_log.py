"""Watching: tells which statements some code sends to PostgreSQL, for tests and for checks of plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

import psycopg
from psycopg.abc import Params, Query

BINDING = "SELECT set_config"
"""How statements begin that bind a connection: whether one is needed depends on who had it before."""

_watcher: ContextVar[list[str] | None] = ContextVar("_watcher", default=None)


class RecordingCursor(psycopg.AsyncCursor[Any]):
    """A cursor that tells who watches what it executes."""

    async def execute(self, query: Query, params: Params | None = None, **options: Any) -> Self:  # noqa: ANN401  # as psycopg types them
        """Execute a statement."""
        _tell(query)
        return await super().execute(query, params, **options)  # type: ignore[arg-type]  # overloads part templates

    async def executemany(self, query: Query, params_seq: Iterable[Params], **options: Any) -> None:  # noqa: ANN401  # likewise
        """Execute a statement with many values."""
        _tell(query)
        await super().executemany(query, params_seq, **options)


@contextmanager
def record_statements() -> Iterator[list[str]]:
    """Collect the statements that are sent meanwhile, by this code and by the tasks that it starts.

    Those that bind a connection to its tenant are left out.
    """
    seen: list[str] = []
    token = _watcher.set(seen)
    try:
        yield seen
    finally:
        _watcher.reset(token)


def _tell(query: Query) -> None:
    seen = _watcher.get()
    if seen is not None and not (statement := str(query)).startswith(BINDING):
        seen.append(statement)
