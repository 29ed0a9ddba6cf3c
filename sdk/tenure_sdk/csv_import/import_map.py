"""The map: which records a file's lines become, and where each of their fields comes from. Read from YAML.

system: online-retail                    # the name under which the records' keys are kept
key: {column: CustomerID, as: integer}   # what names a record there; the same key is the same record
group: true                              # many lines make one record
where:
  - {column: CustomerID, filled: true}   # lines to take
fields:
  name: {template: "Customer {CustomerID}", as: integer}
  address.country: {column: Country, as: country, values: {EIRE: IE, Unspecified: null}}
  attributes.country: Country
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import yaml
from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from tenure_core.errors import BadUserInputError
from tenure_sdk.csv_import.external_keys import ExternalId, Line, Part
from tenure_sdk.csv_import.field_sources import Count, Source


class _MapLoader(yaml.SafeLoader):
    """Reads yes, no, on and off as the texts that they are: NO is Norway. Only true and false are truths."""


_MapLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_MapLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


class MapError(BadUserInputError):
    """A map that can't be used: malformed, or for another entity, or for another file."""


class Condition(Part):
    """A test of one column; a line that fails it is left out. Exactly one of the tests is given."""

    column: str
    filled: bool | None = None
    one_of: tuple[str, ...] | None = Field(None, alias="in")
    none_of: tuple[str, ...] | None = Field(None, alias="notIn")

    @model_validator(mode="after")
    def _has_one_test(self) -> Condition:
        if sum(test is not None for test in (self.filled, self.one_of, self.none_of)) != 1:
            raise ValueError("give exactly one of filled, in, notIn")
        return self

    def holds(self, line: Line) -> bool:
        """Return whether a line passes."""
        cell = line[self.column].strip()
        if self.filled is not None:
            return bool(cell) == self.filled
        return cell in self.one_of if self.one_of is not None else cell not in (self.none_of or ())


class ImportMap(Part):
    """What one kind of file says.

    Args:
        system: The name of the system that the file comes from: it owns the keys.
        key: The columns that name a record there.
        group: Whether all lines with one key, wherever they stand in the file, make one record. Without it
            each line is a record, and of two lines with one key the later wins.
        encoding: How the file's characters are written: utf-8, with or without a byte order mark, or cp1252.
        delimiter: What stands between two cells.
        where: What a line must be like to count.
        fields: Where each field of the API comes from; `address.city` is a part of one, and `attributes.x`
            something in a JSON document.
    """

    system: str
    key: ExternalId
    group: bool = False
    encoding: str = Field("utf-8", validate_default=True)
    delimiter: str = Field(",", min_length=1, max_length=1)
    where: tuple[Condition, ...] = ()
    fields: dict[str, Source] = Field(min_length=1)

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str) -> str:
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding; usual ones are utf-8 and cp1252") from None
        return (
            "utf-8-sig" if name == "utf-8" else name
        )  # which reads UTF-8 with and without a byte order mark

    @field_validator("fields", mode="before")
    @classmethod
    def _names_of_columns_are_columns(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {
            name: {"column": source} if isinstance(source, str) else source for name, source in given.items()
        }

    @field_validator("fields")
    @classmethod
    def _whole_or_parts(cls, fields: dict[str, Source]) -> dict[str, Source]:
        for name in fields:
            if (whole := name.rpartition(".")[0]) in fields:
                raise ValueError(f"{whole} is given as a whole and by its part {name}: keep one")
        return fields

    @model_validator(mode="after")
    def _groups_what_is_taken_from_many_lines(self) -> ImportMap:
        for name, source in self.fields.items():
            if not self.group and (isinstance(source, Count) or source.take != "first"):
                raise ValueError(f"{name} is taken from several lines, which needs `group: true`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the file that the map names, once."""
        named = [*self.key.columns, *(condition.column for condition in self.where)]
        return tuple(dict.fromkeys([*named, *(c for source in self.fields.values() for c in source.columns)]))


def read_map(path: Path) -> ImportMap:
    """Return the map of a YAML file.

    Raises:
        MapError: It can't be read, or is malformed; the message names each key and what is wrong with it.
    """
    try:
        document: JsonValue = yaml.load(path.read_text("utf-8"), _MapLoader)  # noqa: S506  a safe loader
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(f"The map {path} can't be read: {error}.") from None
    except yaml.YAMLError as error:
        raise MapError(f"The map {path} is not YAML: {' '.join(str(error).split())}.") from None
    try:
        return ImportMap.model_validate(document)
    except ValidationError as error:
        wrong = "; ".join(_told(details) for details in error.errors())
        raise MapError(f"The map {path} is wrong: {wrong}.") from None


def _told(details: ErrorDetails) -> str:
    # A source's kind is a step of pydantic's path, not of the file's: it stands behind the field's name.
    path = [
        str(step) for n, step in enumerate(details["loc"]) if not (n == 2 and details["loc"][0] == "fields")
    ]
    message = details["msg"].removeprefix("Value error, ")
    return f"{'.'.join(path)}: {message}" if path else message
