"""Import maps: YAML files that define how the lines of a CSV file become records.

system: online-retail                    # the system of the external ids
key: {column: CustomerID, as: integer}   # the external id; lines with the same id are the same record
group: true                              # all lines with the same id become one record
where:
  - {column: CustomerID, filled: true}   # the lines to import
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
from tenure_sdk.csv_import.external_keys import ExternalId, Line, MapPart
from tenure_sdk.csv_import.field_sources import Count, Source

MESSAGES = {"missing": "is required", "extra_forbidden": "unknown key"}
"""Messages by pydantic's error type, for users who don't know pydantic."""


class _MapLoader(yaml.SafeLoader):
    """Loads yes, no, on and off as text, because NO is Norway. Only true and false are booleans."""


_MapLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_MapLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


class MapError(BadUserInputError):
    """An import map is invalid, or does not match the entity or the file."""


class Condition(MapPart):
    """A condition on one column; a line that does not match is skipped. Exactly one of the tests is set.

    Args:
        column: The column.
        filled: Whether the cell must be filled (true) or empty (false).
        one_of: The allowed texts.
        none_of: The excluded texts.
    """

    column: str
    filled: bool | None = None
    one_of: tuple[str, ...] | None = Field(None, alias="in")
    none_of: tuple[str, ...] | None = Field(None, alias="notIn")

    @model_validator(mode="after")
    def _check_tests(self) -> Condition:
        if sum(test is not None for test in (self.filled, self.one_of, self.none_of)) != 1:
            raise ValueError("set exactly one of filled, in, notIn")
        return self

    def matches(self, line: Line) -> bool:
        """Return whether a line matches."""
        cell = line[self.column].strip()
        if self.filled is not None:
            return bool(cell) == self.filled
        return cell in self.one_of if self.one_of is not None else cell not in (self.none_of or ())


class ImportMap(MapPart):
    """The definition of an import.

    Args:
        system: The system of the external ids.
        key: The columns of the external id.
        group: Whether all lines with the same external id become one record, wherever they are in the file.
            Otherwise each line is a record, and of two lines with the same id the later one wins.
        encoding: The encoding of the file: utf-8 (with or without a byte order mark) by default.
        delimiter: The column delimiter.
        where: Conditions that a line must match.
        fields: The source of each field of the API: `name`, a part of a composite field (`address.city`), or
            a key of a JSON field (`attributes.x`).
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
    def _check_encoding(cls, encoding: str) -> str:
        try:
            name = codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"unknown encoding {encoding!r}; common ones are utf-8 and cp1252") from None
        # utf-8-sig reads UTF-8 with and without a byte order mark.
        return "utf-8-sig" if name == "utf-8" else name

    @field_validator("fields", mode="before")
    @classmethod
    def _expand_column_names(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {
            name: {"column": source} if isinstance(source, str) else source for name, source in value.items()
        }

    @field_validator("fields")
    @classmethod
    def _check_parts(cls, fields: dict[str, Source]) -> dict[str, Source]:
        for name in fields:
            if (whole := name.rpartition(".")[0]) in fields:
                raise ValueError(f"{whole} and its part {name} can't be set together")
        return fields

    @model_validator(mode="after")
    def _check_group(self) -> ImportMap:
        for name, source in self.fields.items():
            if not self.group and (isinstance(source, Count) or source.take != "first"):
                raise ValueError(f"{name} combines several lines, which requires `group: true`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that the map uses, without duplicates."""
        columns = [*self.key.columns, *(condition.column for condition in self.where)]
        columns += [column for source in self.fields.values() for column in source.columns]
        return tuple(dict.fromkeys(columns))


def read_map(path: Path) -> ImportMap:
    """Return the import map in a YAML file.

    Raises:
        MapError: The file can't be read, or the map is invalid. The message names each invalid key.
    """
    try:
        with path.open(encoding="utf-8") as file:
            document: JsonValue = yaml.load(file, _MapLoader)  # noqa: S506  # a safe loader
    except OSError as error:
        raise MapError(f"The map {path} can't be read: {error.strerror}.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise MapError(f"The map {path} is not valid YAML: {' '.join(str(error).split())}.") from None
    try:
        return ImportMap.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(_describe_error(details) for details in error.errors())
        raise MapError(f"The map {path} is invalid: {problems}.") from None


def _describe_error(details: ErrorDetails) -> str:
    # Below a field, pydantic's path contains the tag of the source, which is not in the file.
    path = [
        str(step) for n, step in enumerate(details["loc"]) if not (n == 2 and details["loc"][0] == "fields")
    ]
    message = MESSAGES.get(details["type"], details["msg"].removeprefix("Value error, "))
    return f"{'.'.join(path)}: {message}" if path else message
