"""Rows and external references of demo records, which are the same in every run."""

from __future__ import annotations

SYSTEM = "demo"
"""The system of the external references."""

Row = dict[str, object]
"""A row as the API receives it."""


def reference(key: str) -> Row:
    """Return a reference to a demo record."""
    return {"externalRef": {"system": SYSTEM, "id": key}}


def build_row(key: str, **fields: object) -> Row:
    """Return an upsert row with a key."""
    return {"match": reference(key), **fields}
