"""Keys of the demo's records: the same at every run."""

from __future__ import annotations

SYSTEM = "demo"
"""The system of the demo's external references."""

Row = dict[str, object]
"""A row as the API takes it."""


def named(key: str) -> Row:
    """Return how a row refers to a record of the demo."""
    return {"externalRef": {"system": SYSTEM, "id": key}}


def row(key: str, **fields: object) -> Row:
    """Return a row of the demo."""
    return {"match": named(key), **fields}
