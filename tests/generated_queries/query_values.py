"""Values of arguments: values of the sample, so that filters match, and others, so that they do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)
from hypothesis import strategies as st
from tests.generated_queries.sample import Row, Sample

from tenure_core.catalog.external_refs import EXTERNAL_REFS
from tenure_core.entities.naming import upper_case

MISSES: dict[str, list[Any]] = {
    "ID": ["01900000-0000-7000-8000-ffffffffffff"],
    "String": ["", "no such text", "%", "上", "ü", "\\", "'", "A\u0308"],
    "Int": [-1, 7, 2**31 - 1],
    "BigInt": [-(2**53 - 1), 42],
    "Float": [-2.5, 0.125, 1e300],
    "Date": ["1970-01-01", "2100-06-30"],
    "DateTime": ["1970-01-01T00:00:00Z", "2026-02-01"],
    "JSON": [True, 1, 3.0, "", "7", [], [1], ["a"], [[1]], {}, {"erp": {}}, {"list": [3, 2]}, {"x": None}],
}
SEARCHES = [
    "上海",
    "海",
    "海贸",
    "late",
    "LATE d",
    "acme",
    "ＡＣ",
    "müll gmb",
    "zoë",
    "brulee",
    "",
    "b c",
    "🎈",
    "a.example",
]
PATHS = [
    [],
    ["erp"],
    ["erp", "id"],
    ["score"],
    ["list", "0"],
    ["list", "-1"],
    ["刷", "2", "b"],
    ["flag"],
    ["no", "such"],
]
NUMBERS = [-175, 0, 1, 2, 3, 5, 61, 100]
TEXT_OPERATORS = ("contains", "startsWith", "endsWith")


class Values:
    """Draws the values of arguments.

    Args:
        draw: The draw function of Hypothesis.
        schema: The schema.
        rows: The sample.
    """

    def __init__(self, draw: Any, schema: GraphQLSchema, rows: Sample) -> None:
        self.draw = draw
        self.schema = schema
        self.rows = rows
        self.conditions_left = 12

    def chance(self, one_in: int) -> bool:
        """Draw true once in the given number of times; Hypothesis shrinks to false."""
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in - 1)

    def one_of(self, values: Any) -> Any:
        """Draw one of some values."""
        return self.draw(st.sampled_from(list(values)))

    def some(self, values: Any, at_most: int) -> list[Any]:
        """Draw distinct values, in any order."""
        return self.draw(st.lists(st.sampled_from(list(values)), max_size=at_most, unique_by=repr))

    def where(self, entity: str) -> Row:
        """Draw a filter of an entity."""
        type_ = self.schema.get_type(f"{entity}Filter")
        assert isinstance(type_, GraphQLInputObjectType)
        return self._filter(type_, list(self.rows[entity]))

    def _filter(self, type_: GraphQLInputObjectType, near: list[Any]) -> Row:
        """Draw conditions; `near` are the values of the filtered field in the sample."""
        self.conditions_left -= 1
        entity = type_.name.removesuffix("RelationFilter")
        if entity in self.rows:
            near = list(self.rows[entity])
        if type_.name == "JSONPathFilter":
            return {"path": self.one_of(PATHS), **self._path_operators(type_)}
        names = [name for name, field in type_.fields.items() if not _contains_filter(name, field.type)]
        if self.conditions_left > 0:
            # Boolean operators and relations are few, but the most important conditions.
            names += [name for name in type_.fields if name not in names] * 3
        min_size = 0 if self.chance(8) else 1
        conditions = self.draw(st.lists(st.sampled_from(names), min_size=min_size, max_size=2, unique=True))
        return {name: self._condition(name, type_.fields[name].type, near) for name in conditions}

    def _condition(self, name: str, type_: Any, near: list[Any]) -> Any:
        inner = get_nullable_type(type_)
        if name == "search":
            return self.one_of(SEARCHES)
        if name in ("and", "or"):
            return [self._filter(get_named_type(inner), near) for _ in range(self.draw(st.integers(0, 2)))]
        if name in ("not", "some", "none", "every"):
            return self._filter(inner, near)
        if isinstance(inner, GraphQLInputObjectType):
            # A filter that is null is ignored; an operator that is null, such as `at`, is rejected.
            return (
                None
                if name != "at" and self.chance(12)
                else self._filter(inner, list(_inner_values(near, name)))
            )
        return self.operand(name, inner, near)

    def _path_operators(self, type_: GraphQLInputObjectType) -> Row:
        near = [inner for row in self.rows["Account"] for inner in _all_values_in(row["attributes"])]
        numbers = [n for n in near if isinstance(n, int | float) and not isinstance(n, bool)]
        names = self.some([name for name in type_.fields if name != "path"], 2)
        return {
            n: self.operand(
                n, get_nullable_type(type_.fields[n].type), near if n in ("eq", "ne", "in") else numbers
            )
            for n in names
        }

    def operand(self, name: str, type_: Any, near: list[Any]) -> Any:
        """Draw the operand of an operator."""
        if is_list_type(type_):
            inner = get_nullable_type(type_.of_type)
            return [self.operand(name, inner, near) for _ in range(self.draw(st.integers(0, 3)))]
        named = get_named_type(type_)
        if named.name == "Boolean":
            return self.draw(st.booleans())
        if isinstance(named, GraphQLEnumType):
            return self.one_of(named.values)
        operands = list(_operands(name, named.name, near))
        if not operands or self.chance(4):
            return self.one_of(MISSES[named.name])
        return self._to_operand(self.one_of(operands), name)

    def _to_operand(self, value: Any, name: str) -> Any:
        if isinstance(value, datetime):
            zone = self.one_of([UTC, timezone(timedelta(hours=5, minutes=30))])
            return value.astimezone(zone).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str) and name in TEXT_OPERATORS:
            begin = self.draw(st.integers(0, len(value))) if name != "startsWith" else 0
            end = len(value) if name == "endsWith" else self.draw(st.integers(begin, len(value)))
            return value[begin:end]
        return value

    def order(self, entity: str) -> list[Row]:
        """Draw an order of a list."""
        constants = self._enum(f"{entity}OrderField")
        return [{"field": constant, **self._directions()} for constant in self.some(constants, 3)]

    def _directions(self) -> Row:
        directions: Row = {}
        if self.chance(2):
            directions["direction"] = self.one_of(["ASC", "DESC", None])
        if self.chance(2):
            directions["nulls"] = self.one_of(["FIRST", "LAST", None])
        return directions

    def _enum(self, name: str) -> list[str]:
        type_ = self.schema.get_type(name)
        assert isinstance(type_, GraphQLEnumType)
        return list(type_.values)

    def aggregate(self, entity: str) -> Row:
        """Draw the arguments of an aggregate."""
        keys = [self._grouping(entity, c) for c in self.some(self._enum(f"{entity}GroupField"), 2)]
        arguments: Row = {"groupBy": keys} if keys or self.chance(4) else {}
        if self.chance(2):
            arguments["where"] = self.where(entity)
        if self.chance(2):
            arguments["having"] = self._having(entity)
        if self.chance(2):
            arguments["orderBy"] = self._group_orders(entity, [key["field"] for key in keys])
        if self.chance(3):
            arguments["first"] = self.draw(st.integers(0, 5))
        return arguments

    def _grouping(self, entity: str, constant: str) -> Row:
        fields = self.schema.get_type(f"{entity}Key").fields  # type: ignore[union-attr]
        type_ = next(get_named_type(f.type).name for n, f in fields.items() if upper_case(n) == constant)
        if type_ in ("Date", "DateTime") and self.chance(2):
            return {"field": constant, "bucket": self.one_of(self._enum("TimeBucket"))}
        return {"field": constant}

    def _having(self, entity: str) -> Row:
        type_ = self.schema.get_type(f"{entity}Having")
        assert isinstance(type_, GraphQLInputObjectType)
        return {name: self._number_conditions(name, type_) for name in self.some(type_.fields, 2)}

    def _number_conditions(self, name: str, type_: GraphQLInputObjectType) -> Row:
        inner = type_.fields[name].type
        assert isinstance(inner, GraphQLInputObjectType)
        if name != "count" and inner.name != "NumberComparison":
            return {field: self._number_conditions(field, inner) for field in self.some(inner.fields, 1)}
        return {operator: self.one_of(NUMBERS) for operator in self.some(inner.fields, 2)}

    def _group_orders(self, entity: str, keys: list[str]) -> list[Row]:
        return [self._group_order(entity, keys) for _ in range(self.draw(st.integers(1, 2)))]

    def _group_order(self, entity: str, keys: list[str]) -> Row:
        if keys and self.chance(2):
            return {"key": self.one_of(keys), **self._directions()}
        function = self.one_of(self._enum("AggregateFunction"))
        numbers = getattr(self.schema.get_type(f"{entity}{function.capitalize()}"), "fields", None)
        if not numbers:
            return {"function": "COUNT", **self._directions()}
        return {"function": function, "field": upper_case(self.one_of(numbers)), **self._directions()}


def _contains_filter(name: str, type_: Any) -> bool:
    """Return whether an entry contains another filter."""
    return name in ("and", "or", "not") or get_named_type(type_).name.endswith("RelationFilter")


def _inner_values(near: list[Any], name: str) -> Iterator[Any]:
    for value in near:
        if name == EXTERNAL_REFS:
            yield from value[name]
        elif isinstance(value, dict) and name in value:
            yield value[name]
        elif not isinstance(value, dict):
            yield value


def _operands(name: str, scalar: str, near: list[Any]) -> Iterator[Any]:
    """Yield the values of the sample that can be operands: items of lists, keys of JSON objects."""
    for value in near:
        if (isinstance(value, list) and scalar != "JSON") or (name == "hasKey" and isinstance(value, dict)):
            yield from value
        elif value is not None:
            yield value


def _all_values_in(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all_values_in(inner)
