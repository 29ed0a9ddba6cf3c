"""The query parameters of a bulk load, which state how its rows are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from tenure_core.errors import BadUserInputError
from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.rows.match_key import OnConflict

OPTION_NAMES = ("errorPolicy", "onConflict", "dryRun")
Choice = TypeVar("Choice", bound=StrEnum)


class _Boolean(StrEnum):
    TRUE = "true"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a bulk load.

    Args:
        policy: What to do with the other rows if a row is rejected. REJECT_EVERYTHING ends the load: neither
            the chunk of the rejected row nor a later chunk is written.
        on_conflict: What to do with an existing record, for rows that do not specify it.
        dry_run: Whether to write nothing and return what would be written.
    """

    policy: ErrorPolicy
    on_conflict: OnConflict
    dry_run: bool

    @property
    def stops_at_rejection(self) -> bool:
        """Whether a rejected row ends the load."""
        return self.policy is ErrorPolicy.REJECT_EVERYTHING and not self.dry_run


def parse_options(parameters: Mapping[str, str]) -> Options:
    """Return the options in the query parameters of a request.

    Raises:
        BadUserInputError: A parameter is unknown, such as a misspelled `dryRun`, or has an invalid value.
    """
    if unknown := [name for name in parameters if name not in OPTION_NAMES]:
        raise BadUserInputError(
            f"The query parameter {unknown[0][:60]!r} is unknown.",
            f"The parameters are {', '.join(OPTION_NAMES)}.",
        )
    return Options(
        _parse_choice(parameters, "errorPolicy", ErrorPolicy.REJECT_FAILED_ROWS),
        _parse_choice(parameters, "onConflict", OnConflict.MERGE),
        _parse_choice(parameters, "dryRun", _Boolean.FALSE) is _Boolean.TRUE,
    )


def _parse_choice(parameters: Mapping[str, str], name: str, default: Choice) -> Choice:
    choices = type(default)
    try:
        return choices(parameters.get(name, default))
    except ValueError:
        raise BadUserInputError(
            f"{parameters[name][:60]!r} is not a value of {name}.", f"The values are {', '.join(choices)}."
        ) from None
