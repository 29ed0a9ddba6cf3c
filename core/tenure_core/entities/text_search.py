"""The full-text search column of an entity's table.

The functions tenure_search_words() and tenure_search_query() of the first migration tokenize stored texts and
queries in the same way: words of letters and digits, which queries match by prefix, and overlapping pairs of
Chinese, Japanese and Korean characters, because these are written without spaces.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Computed
from sqlalchemy.dialects.postgresql import TSVECTOR, dialect

quote_identifier = dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # not typed
"""Quotes a column name if it is a reserved word, such as `user`."""


def build_search_column(columns: list[str]) -> Column[Any]:
    """Return the generated column with the tokens of the given text columns."""
    texts = " || ' ' || ".join(f"coalesce({quote_identifier(name)}, '')" for name in columns)
    return Column("search", TSVECTOR(), Computed(f"tenure_search_words({texts})", persisted=True))
