"""The columns that identify a record of another system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tenure_sdk.csv_import import converters

Line = Mapping[str, str]
"""The cells of a line by column name."""


class MapPart(BaseModel):
    """Base class of the parts of an import map. Unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExternalId(MapPart):
    """The columns whose cells are the external id of a record.

    Written in the map as `CustomerID`, `[Company, Number]` or `{column: CustomerID, as: integer}`.

    Args:
        columns: One or more columns.
        convert: "integer" for ids that a spreadsheet has changed from 17850 to 17850.0.
    """

    columns: tuple[str, ...] = Field(alias="column", min_length=1)
    convert: Literal["text", "integer"] = Field("text", alias="as")

    @model_validator(mode="before")
    @classmethod
    def _expand_columns(cls, value: object) -> object:
        return {"column": value} if isinstance(value, str | list) else value

    @field_validator("columns", mode="before")
    @classmethod
    def _expand_column(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def read(self, line: Line) -> str | None:
        """Return the external id of a line; None if all cells are empty.

        Raises:
            ValueError: Some but not all cells are empty, or a cell is not an integer but has to be one.
        """
        cells = [line[column].strip() for column in self.columns]
        if not any(cells):
            return None
        if not all(cells):
            raise ValueError(f"some of {', '.join(self.columns)} are empty")
        return _join([converters.parse_text(cell, self.convert) for cell in cells])


def _join(parts: list[str]) -> str:
    """Join parts with "/". A "/" inside a part is escaped, so that a/b + c differs from a + b/c."""
    if len(parts) == 1:
        return parts[0]
    return "/".join(re.sub(r"([\\/])", r"\\\1", part) for part in parts)
