"""Shapes: how those of a database before and after something differ, in words."""

from __future__ import annotations

from collections.abc import Collection

SHOWN = 3
"""How many differences are told of."""

CHARACTERS = 160
"""How much of each is shown."""


def differing(before: Collection[str], after: Collection[str]) -> str:
    """Return in words how two shapes (see `tenure_core.migrating.shape`) differ; "" where they are the same.

    Args:
        before: The one.
        after: The other.
    """
    more, less = sorted(set(after) - set(before)), sorted(set(before) - set(after))
    told = [f"there is more: {line}" for line in more] + [f"there is no longer: {line}" for line in less]
    shown = "; ".join(" ".join(line.split())[:CHARACTERS] for line in told[:SHOWN])
    return f"{shown}; and {len(told) - SHOWN} more" if len(told) > SHOWN else shown
