"""Field sources: how the value of a field is computed from the cells of one or more lines."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import reduce
from operator import add, mul
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, JsonValue, Tag, field_validator, model_validator

from tenure_core.entities.formats import FORMATS
from tenure_core.entities.money import to_minor_units
from tenure_sdk.csv_import import converters
from tenure_sdk.csv_import.external_keys import ExternalId, Line, MapPart

Take = Literal["first", "last", "min", "max", "sum"]
"""How the values of the lines of a group are combined."""


def _skip_none(combine: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: b if a is None else a if b is None else combine(a, b)


COMBINERS: Mapping[Take, Callable[[Any, Any], Any]] = {
    "first": lambda earlier, _: earlier,
    "last": lambda _, later: later,
    "min": _skip_none(min),
    "max": _skip_none(max),
    "sum": _skip_none(add),
}
"""Combine the value so far with the value of the next line. Min, max and sum skip empty cells."""


class FieldSource(MapPart):
    """Base class of field sources. A subclass has a `read` method, and `take`: how a group is combined."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return ()

    def to_input(self, value: object) -> object:
        """Return the mutation input for the combined value."""
        return value


class NumberSource(FieldSource):
    """Base class of sources whose value can be a number or an amount of money.

    Args:
        currency: The currency of an amount of money; None for other values. A column has `as: money`, too.
        decimal: The decimal separator of the cells.
        take: How the values of a group are combined: "sum" for the total of an invoice's lines.
    """

    currency: str | None = None
    decimal: Literal[".", ","] = "."
    take: Take = "first"

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, code: str | None) -> str | None:
        return code and FORMATS["currency"](code)

    def to_input(self, value: object) -> object:
        """Return the mutation input for the combined value."""
        if self.currency is not None and isinstance(value, Decimal | int):
            minor_units = to_minor_units(Decimal(value), self.currency)
            return {"minorUnits": minor_units, "currency": self.currency}
        return float(value) if isinstance(value, Decimal) else value


class Column(NumberSource):
    """The converted value of one cell.

    Args:
        column: The column.
        convert: The target type.
        values: Values for certain texts, which are then not converted; null is allowed.
        format: The `strptime` format of dates and times; ISO 8601 by default.
        zone: The time zone of times without an offset.
    """

    column: str
    convert: Literal["text", "integer", "number", "money", "boolean", "date", "time", "country"] = Field(
        "text", alias="as"
    )
    values: dict[str, JsonValue] = Field(default_factory=dict)
    format: str | None = None
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key
        except (KeyError, ValueError):
            raise ValueError(f"unknown time zone {zone!r}; write it like Europe/London") from None

    @model_validator(mode="after")
    def _check_money(self) -> Column:
        if (self.convert == "money") != (self.currency is not None):
            raise ValueError("`as: money` and `currency` require each other")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (self.column,)

    def read(self, line: Line) -> object:
        """Return the value of one line; None for an empty cell.

        Raises:
            ValueError: The cell can't be converted.
        """
        cell = line[self.column].strip()
        if cell in self.values:
            return self.values[cell]
        return self._convert(cell) if cell else None

    def _convert(self, cell: str) -> object:
        match self.convert:
            case "integer":
                return converters.parse_integer(cell, self.decimal)
            case "number" | "money":
                return converters.parse_decimal(cell, self.decimal)
            case "boolean":
                return converters.parse_boolean(cell)
            case "date":
                return converters.parse_date(cell, self.format)
            case "time":
                return converters.parse_time(cell, self.format, self.zone)
            case "country":
                return converters.parse_country(cell)
            case "text":
                return cell


class Product(NumberSource):
    """The product of several cells, such as quantity and price. It is rounded only once, at the end.

    Args:
        product: The columns.
    """

    product: tuple[str, ...] = Field(min_length=1)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.product

    def read(self, line: Line) -> object:
        """Return the product of one line; None if a cell is empty.

        Raises:
            ValueError: A cell is not a number.
        """
        cells = [line[column].strip() for column in self.product]
        if not all(cells):
            return None
        return reduce(mul, (converters.parse_decimal(cell, self.decimal) for cell in cells))


class Constant(FieldSource):
    """The same JSON value for every record."""

    constant: JsonValue
    take: Literal["first"] = "first"

    def read(self, line: Line) -> object:
        """Return the constant."""
        return self.constant


class Template(FieldSource):
    """A text that contains cells, such as "Invoice {InvoiceNo}".

    Args:
        template: The text; column names in braces are replaced by their cells.
        convert: "integer" for cells that a spreadsheet has changed from 17850 to 17850.0.
    """

    template: str
    convert: Literal["text", "integer"] = Field("text", alias="as")
    take: Literal["first"] = "first"

    @field_validator("template")
    @classmethod
    def _check_placeholders(cls, template: str) -> str:
        for _, name, spec, conversion in string.Formatter().parse(template):
            if name == "" or spec or conversion:
                raise ValueError("write only a column name in braces")
        return template

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(name for _, name, _, _ in string.Formatter().parse(self.template) if name)

    def read(self, line: Line) -> object:
        """Return the text for one line.

        Raises:
            ValueError: A cell is not an integer, but has to be one.
        """
        parts = string.Formatter().parse(self.template)
        return "".join(
            text + (converters.parse_text(line[name].strip(), self.convert) if name else "")
            for text, name, _, _ in parts
        )


class Count(FieldSource):
    """The number of lines in the group: `count: lines`."""

    count: Literal["lines"]
    take: Literal["sum"] = "sum"

    def read(self, line: Line) -> object:
        """Return 1."""
        return 1


class Ref(FieldSource):
    """A reference to a record that was imported earlier: `{ref: CustomerID, system: shop}`.

    Args:
        ref: The columns of the external id.
        system: The system of the external id: the `system` of the map that imported the record.
    """

    ref: ExternalId
    system: str
    take: Literal["first"] = "first"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.ref.columns

    def read(self, line: Line) -> object:
        """Return the external id of one line; None if its cells are empty.

        Raises:
            ValueError: The cells are not an external id.
        """
        return self.ref.read(line)

    def to_input(self, value: object) -> object:
        """Return the mutation input of the reference."""
        return None if value is None else {"externalRef": {"system": self.system, "id": value}}


SOURCE_KEYS = ("column", "product", "constant", "template", "count", "ref")


def _find_source_key(value: object) -> str | None:
    if isinstance(value, dict):
        return next((key for key in SOURCE_KEYS if key in value), None)
    return next((key for key in SOURCE_KEYS if hasattr(value, key)), None)


Source = Annotated[
    Annotated[Column, Tag("column")]
    | Annotated[Product, Tag("product")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Template, Tag("template")]
    | Annotated[Count, Tag("count")]
    | Annotated[Ref, Tag("ref")],
    Discriminator(
        _find_source_key,
        custom_error_type="source",
        custom_error_message=f"write a column name, or an object with one of {', '.join(SOURCE_KEYS)}",
    ),
]
"""The source of a field. The key in the map selects the class."""
