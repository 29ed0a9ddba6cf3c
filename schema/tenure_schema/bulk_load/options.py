"""Options: what the address of a load says of how its rows are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from tenure_core.errors import BadUserInputError
from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.rows.match_key import OnConflict

Choice = TypeVar("Choice", bound=StrEnum)


class _Truth(StrEnum):
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Options:
    """How the rows of a load are written.

    Args:
        policy: What becomes of the others where a row is faulty. REJECT_EVERYTHING ends the load there:
            nothing is written of the chunk that has the row, nor of what comes after.
        on_conflict: What becomes of a record that is there already, where a row does not say.
        dry_run: Whether to write nothing, and tell what would become of the rows.
    """

    policy: ErrorPolicy
    on_conflict: OnConflict
    dry_run: bool

    @property
    def ends_at_faults(self) -> bool:
        """Whether a faulty row ends the load."""
        return self.policy is ErrorPolicy.REJECT_EVERYTHING and not self.dry_run


def read_options(given: Mapping[str, str]) -> Options:
    """Return the options that an address gives.

    Raises:
        BadUserInputError: There is no such option, or no such value of it. A misspelt dryRun must not write.
    """
    known = ("errorPolicy", "onConflict", "dryRun")
    if unknown := [name for name in given if name not in known]:
        raise BadUserInputError(f"There is no option {unknown[0][:60]!r}.", f"There are {', '.join(known)}.")
    return Options(
        _choice(given, "errorPolicy", ErrorPolicy.REJECT_FAILED_ROWS),
        _choice(given, "onConflict", OnConflict.MERGE),
        _choice(given, "dryRun", _Truth.FALSE) is _Truth.TRUE,
    )


def _choice(given: Mapping[str, str], name: str, default: Choice) -> Choice:
    kind = type(default)
    try:
        return kind(given.get(name, default))
    except ValueError:
        raise BadUserInputError(
            f"{name} is {given[name][:60]!r}.", f"It is one of {', '.join(kind)}."
        ) from None
