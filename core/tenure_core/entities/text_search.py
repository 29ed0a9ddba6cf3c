"""Text search: one indexed column per entity, whose words are cut the same way for English as for Chinese.

Words of letters and digits are kept whole and found by their beginnings; runs of Chinese, Japanese and
Korean characters, which are written without spaces, are cut into overlapping pairs. Both functions live in
PostgreSQL (first migration), so that every writer and every reader cuts alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Computed
from sqlalchemy.dialects.postgresql import TSVECTOR, dialect

QUOTED = dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # SQLAlchemy does not type it
"""Writes a name as SQL takes it: `user` alone is whoever asks, and no column."""


def search_column(columns: list[str]) -> Column[Any]:
    """Return the generated column that holds the words of the given text columns."""
    joined = " || ' ' || ".join(f"coalesce({QUOTED(name)}, '')" for name in columns)
    return Column("search", TSVECTOR(), Computed(f"tenure_search_words({joined})", persisted=True))
