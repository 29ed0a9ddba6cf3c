"""Keys: how the cells of a line name a record of another system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tenure_sdk.csv_import import converters

Line = Mapping[str, str]
"""A line of the file: its cells by the names of their columns."""


class Part(BaseModel):
    """A part of a map: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExternalId(Part):
    """The columns whose cells together name a record.

    In the map it is `CustomerID`, or `[Company, Number]`, or `{column: CustomerID, as: integer}`.

    Args:
        columns: One column, or several.
        convert: "integer" where a spreadsheet has made 17850.0 of 17850.
    """

    columns: tuple[str, ...] = Field(alias="column", min_length=1)
    convert: Literal["text", "integer"] = Field("text", alias="as")

    @model_validator(mode="before")
    @classmethod
    def _from_columns_alone(cls, given: object) -> object:
        return {"column": given} if isinstance(given, str | list) else given

    @field_validator("columns", mode="before")
    @classmethod
    def _from_one(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    def read(self, line: Line) -> str | None:
        """Return the id that a line names, or None where its cells are empty.

        Raises:
            ValueError: Only some of them are empty, or one is no number where it should be.
        """
        cells = [line[column].strip() for column in self.columns]
        if not any(cells):
            return None
        if not all(cells):
            raise ValueError(f"some of {', '.join(self.columns)} are empty")
        return _joined([converters.plain(cell, self.convert) for cell in cells])


def _joined(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    # A "/" inside a part must not look like the one between two: a/b + c is not a + b/c.
    return "/".join(re.sub(r"([\\/])", r"\\\1", part) for part in parts)
