"""Limits the size of filters, because large filters are expensive to compile and to execute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tenure_core.errors import RequestTooLargeError

MAX_CONDITIONS = 100
MAX_NESTING = 16
MAX_RELATIONS = 5
"""The maximum nesting of relation filters; each level multiplies the rows that PostgreSQL reads."""

MAX_PATH = 80
"""The length from which paths are shortened in error messages, in characters."""


@dataclass(slots=True)
class FilterLimits:
    """Counts the filters of one root field during planning.

    Args:
        conditions: The number of conditions so far.
        nesting: The current nesting of `and`, `or`, `not` and relation filters.
        relations: The current nesting of relation filters.
    """

    conditions: int = 0
    nesting: int = 0
    relations: int = 0

    def count(self, path: str) -> None:
        """Count a condition.

        Raises:
            RequestTooLargeError: There are more than `MAX_CONDITIONS`.
        """
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            hint = "Use `in` for many values, or send several requests."
            raise RequestTooLargeError(f"{_shorten(path)}: more than {MAX_CONDITIONS} conditions.", hint)

    @contextmanager
    def nest(self, path: str) -> Iterator[None]:
        """Enter a nested filter for the duration of a `with` block.

        Raises:
            RequestTooLargeError: The nesting exceeds `MAX_NESTING`.
        """
        if self.nesting >= MAX_NESTING:
            message = f"{_shorten(path)}: filters are nested more than {MAX_NESTING} levels deep."
            raise RequestTooLargeError(message, "Reduce the nesting of the filter.")
        self.nesting += 1
        yield
        self.nesting -= 1

    @contextmanager
    def enter_relation(self, path: str) -> Iterator[None]:
        """Enter a relation filter for the duration of a `with` block.

        Raises:
            RequestTooLargeError: The nesting exceeds `MAX_RELATIONS`.
        """
        if self.relations >= MAX_RELATIONS:
            message = f"{_shorten(path)}: relation filters are nested more than {MAX_RELATIONS} levels deep."
            raise RequestTooLargeError(message, "Filter by a nearer relation.")
        self.relations += 1
        yield
        self.relations -= 1


def _shorten(path: str) -> str:
    return path if len(path) <= MAX_PATH else f"{path[:40]}...{path[-37:]}"
