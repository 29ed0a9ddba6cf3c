"""Sources: where a field of a record comes from in a line, and what a group's lines make of it together."""

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
from tenure_core.entities.money import minor_units
from tenure_sdk.csv_import import converters
from tenure_sdk.csv_import.external_keys import ExternalId, Line, Part

Take = Literal["first", "last", "min", "max", "sum"]
"""What a group makes of the values of its lines."""


def _filled(fold: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: b if a is None else a if b is None else fold(a, b)


FOLDS: Mapping[Take, Callable[[Any, Any], Any]] = {
    "first": lambda earlier, _: earlier,
    "last": lambda _, later: later,
    "min": _filled(min),
    "max": _filled(max),
    "sum": _filled(add),
}
"""How the value so far and the next line's become one; the last three pass over empty cells."""


def known_currency(code: str | None) -> str | None:
    """Return a currency's code in its one form.

    Raises:
        ValueError: There is no such currency.
    """
    return code and FORMATS["currency"](code)


class Column(Part):
    """One cell, converted; or what `values` says for its text.

    Args:
        column: Whose cell.
        convert: Into what.
        values: What stands for certain texts, null included, in place of converting them.
        currency: Of money.
        decimal: What stands before the decimal places of a number.
        format: How a date or time is written, as `strptime` has it; by default as ISO 8601.
        zone: The time zone of times that name none.
        take: What a group makes of it.
    """

    column: str
    convert: Literal["text", "integer", "number", "money", "boolean", "date", "time", "country"] = Field(
        "text", alias="as"
    )
    values: dict[str, JsonValue] = Field(default_factory=dict)
    currency: str | None = None
    decimal: Literal[".", ","] = "."
    format: str | None = None
    zone: str = "UTC"
    take: Take = "first"

    _currency_is_known = field_validator("currency")(known_currency)

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key
        except (KeyError, ValueError):
            raise ValueError(f"{zone!r} is no time zone; they look like Europe/London") from None

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Column:
        if (self.convert == "money") != (self.currency is not None):
            raise ValueError("`as: money` and `currency` go together")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,)

    def read(self, line: Line) -> object:
        """Return what one line says; None for an empty cell.

        Raises:
            ValueError: The cell can't be converted.
        """
        cell = line[self.column].strip()
        if cell in self.values:
            return self.values[cell]
        return self._converted(cell) if cell else None

    def _converted(self, cell: str) -> object:
        match self.convert:
            case "integer":
                return converters.integer(cell, self.decimal)
            case "number" | "money":
                return converters.decimal(cell, self.decimal)
            case "boolean":
                return converters.boolean(cell)
            case "date":
                return converters.day(cell, self.format)
            case "time":
                return converters.time(cell, self.format, self.zone)
            case "country":
                return converters.country(cell)
            case "text":
                return cell

    def finish(self, value: object) -> object:
        """Return the API's value for what the lines said together."""
        return _finished(value, self.currency)


class Product(Part):
    """The product of several cells, such as quantity and price, exact until it is rounded once at the end.

    Args:
        product: Whose cells.
        currency: Where the product is money.
        decimal: What stands before the decimal places.
        take: What a group makes of it: "sum" for the total of an invoice's lines.
    """

    product: tuple[str, ...] = Field(min_length=1)
    currency: str | None = None
    decimal: Literal[".", ","] = "."
    take: Take = "first"

    _currency_is_known = field_validator("currency")(known_currency)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.product

    def read(self, line: Line) -> object:
        """Return what one line says; None where a cell is empty.

        Raises:
            ValueError: A cell is no number.
        """
        cells = [line[column].strip() for column in self.product]
        return reduce(mul, (converters.decimal(cell, self.decimal) for cell in cells)) if all(cells) else None

    def finish(self, value: object) -> object:
        """Return the API's value for what the lines said together."""
        return _finished(value, self.currency)


class Constant(Part):
    """The same JSON value for every record."""

    constant: JsonValue
    take: Literal["first"] = "first"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads: none."""
        return ()

    def read(self, line: Line) -> object:
        """Return the value."""
        return self.constant

    def finish(self, value: object) -> object:
        """Return the value."""
        return value


class Template(Part):
    """A text with cells in it: "Invoice {InvoiceNo}".

    Args:
        template: The text; a column's name in braces stands for its cell.
        convert: "integer" where a spreadsheet has made 17850.0 of 17850.
    """

    template: str
    convert: Literal["text", "integer"] = Field("text", alias="as")
    take: Literal["first"] = "first"

    @field_validator("template")
    @classmethod
    def _names_columns_only(cls, template: str) -> str:
        for _, name, spec, conversion in string.Formatter().parse(template):
            if name == "" or spec or conversion:
                raise ValueError("write a column's name in braces, and nothing else in them")
        return template

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(name for _, name, _, _ in string.Formatter().parse(self.template) if name)

    def read(self, line: Line) -> object:
        """Return the text for one line.

        Raises:
            ValueError: A cell is no number where it should be.
        """
        parts = string.Formatter().parse(self.template)
        return "".join(
            text + (converters.plain(line[name].strip(), self.convert) if name else "")
            for text, name, _, _ in parts
        )

    def finish(self, value: object) -> object:
        """Return the text."""
        return value


class Count(Part):
    """How many lines the group has: `count: lines`."""

    count: Literal["lines"]
    take: Literal["sum"] = "sum"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads: none."""
        return ()

    def read(self, line: Line) -> object:
        """Return one."""
        return 1

    def finish(self, value: object) -> object:
        """Return the number."""
        return value


class Ref(Part):
    """A record that was imported before, by its key in its system: `{ref: CustomerID, system: shop}`.

    Args:
        ref: The columns that name it.
        system: The system whose key it is: the `system` of the map that imported it.
    """

    ref: ExternalId
    system: str
    take: Literal["first"] = "first"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.ref.columns

    def read(self, line: Line) -> object:
        """Return the key that one line names; None where its cells are empty.

        Raises:
            ValueError: The cells are no key.
        """
        return self.ref.read(line)

    def finish(self, value: object) -> object:
        """Return the reference as the API takes it."""
        return None if value is None else {"externalRef": {"system": self.system, "id": value}}


def _finished(value: object, currency: str | None) -> object:
    if currency is not None and isinstance(value, Decimal | int):
        return {"minorUnits": minor_units(Decimal(value), currency), "currency": currency}
    return float(value) if isinstance(value, Decimal) else value


SORTS = ("column", "product", "constant", "template", "count", "ref")


def _sort(given: object) -> str | None:
    if isinstance(given, dict):
        return next((sort for sort in SORTS if sort in given), None)
    return next((sort for sort in SORTS if hasattr(given, sort)), None)


Source = Annotated[
    Annotated[Column, Tag("column")]
    | Annotated[Product, Tag("product")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Template, Tag("template")]
    | Annotated[Count, Tag("count")]
    | Annotated[Ref, Tag("ref")],
    Discriminator(
        _sort,
        custom_error_type="source",
        custom_error_message=f"give the name of a column, or an object with one of {', '.join(SORTS)}",
    ),
]
"""Where a field comes from: one of the sorts, told by the key that names it."""
