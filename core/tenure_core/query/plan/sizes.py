"""The sizes of pages, and of lists of groups and changes: their defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass

from tenure_core.errors import BadUserInputError


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The default and the limits of `first` or `last`.

    Args:
        default: The size if the client gives none.
        minimum: The smallest allowed size.
        maximum: The largest allowed size.
    """

    default: int
    minimum: int
    maximum: int

    def parse(self, size: object, path: str) -> int:
        """Return a size that a client gave.

        Raises:
            BadUserInputError: The size is out of range.
        """
        if size is None:
            return self.default
        if not isinstance(size, int) or not self.minimum <= size <= self.maximum:
            raise BadUserInputError(f"{path} is {size}.", f"Use {self.minimum} to {self.maximum:,}.")
        return size


PAGE_SIZE = SizeLimits(default=20, minimum=0, maximum=100)
GROUP_COUNT = SizeLimits(default=100, minimum=0, maximum=1_000)
CHANGE_COUNT = SizeLimits(default=100, minimum=1, maximum=1_000)
