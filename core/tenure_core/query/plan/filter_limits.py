"""Limits: how large the filters may become: PostgreSQL pays for each, and so does compiling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tenure_core.errors import RequestTooLargeError

MAX_CONDITIONS = 100
MAX_NESTING = 16
MAX_RELATIONS = 5
"""Relation filters within relation filters: each one multiplies what PostgreSQL has to look at."""


@dataclass(slots=True)
class FilterLimits:
    """Counts the filters of one root field while they are planned.

    Args:
        conditions: Entries of filters so far.
        nesting: How deep in `and`, `or`, `not` and relations the planner is.
        relations: How deep in relations.
    """

    conditions: int = 0
    nesting: int = 0
    relations: int = 0

    def count(self, path: str) -> None:
        """Count one entry of a filter.

        Raises:
            RequestTooLargeError: There are too many.
        """
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            hint = "Use `in` for many values, or ask in several requests."
            raise RequestTooLargeError(f"{_shortened(path)}: more than {MAX_CONDITIONS} conditions.", hint)

    @contextmanager
    def nested(self, path: str) -> Iterator[None]:
        """Go one filter deeper.

        Raises:
            RequestTooLargeError: That is too deep.
        """
        if self.nesting >= MAX_NESTING:
            raise RequestTooLargeError(
                f"{_shortened(path)}: filters {MAX_NESTING} deep at most.", "Flatten it."
            )
        self.nesting += 1
        yield
        self.nesting -= 1

    @contextmanager
    def related(self, path: str) -> Iterator[None]:
        """Go through one more relation.

        Raises:
            RequestTooLargeError: Those are too many within each other.
        """
        if self.relations >= MAX_RELATIONS:
            text = f"{_shortened(path)}: at most {MAX_RELATIONS} relations within each other."
            raise RequestTooLargeError(text, "Filter on something nearer.")
        self.relations += 1
        yield
        self.relations -= 1


def _shortened(path: str) -> str:
    return path if len(path) <= 80 else f"{path[:40]}...{path[-37:]}"
