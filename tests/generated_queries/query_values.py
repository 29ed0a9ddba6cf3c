"""Values of arguments: near to the sample's own, so that filters hit, and far off, so that they miss."""

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
        draw: Hypothesis's draw.
        schema: What the types are.
        rows: The sample that they are near to.
    """

    def __init__(self, draw: Any, schema: GraphQLSchema, rows: Sample) -> None:
        self.draw = draw
        self.schema = schema
        self.rows = rows
        self.conditions_left = 12

    def chance(self, one_in: int) -> bool:
        """Draw true once in so many times; Hypothesis takes false for the simpler."""
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in - 1)

    def one_of(self, values: Any) -> Any:
        """Draw one of some values."""
        return self.draw(st.sampled_from(list(values)))

    def some(self, values: Any, at_most: int) -> list[Any]:
        """Draw some of the values, each once, in any order."""
        return self.draw(st.lists(st.sampled_from(list(values)), max_size=at_most, unique_by=repr))

    def where(self, entity: str) -> Row:
        """Draw a filter of an entity."""
        type_ = self.schema.get_type(f"{entity}Filter")
        assert isinstance(type_, GraphQLInputObjectType)
        return self._filter(type_, list(self.rows[entity]))

    def _filter(self, type_: GraphQLInputObjectType, near: list[Any]) -> Row:
        """Draw conditions; `near` are the sample's values of what they are on."""
        self.conditions_left -= 1
        entity = type_.name.removesuffix("RelationFilter")
        if entity in self.rows:
            near = list(self.rows[entity])
        if type_.name == "JSONPlaceFilter":
            return {"path": self.one_of(PATHS), **self._place(type_)}
        names = [name for name, field in type_.fields.items() if not _branches(name, field.type)]
        if self.conditions_left > 0:
            # Those that join and turn other conditions are few and matter most.
            names += [name for name in type_.fields if name not in names] * 3
        fewest = 0 if self.chance(8) else 1
        drawn = self.draw(st.lists(st.sampled_from(names), min_size=fewest, max_size=2, unique=True))
        return {name: self._condition(name, type_.fields[name].type, near) for name in drawn}

    def _condition(self, name: str, type_: Any, near: list[Any]) -> Any:
        inner = get_nullable_type(type_)
        if name == "search":
            return self.one_of(SEARCHES)
        if name in ("and", "or"):
            return [self._filter(get_named_type(inner), near) for _ in range(self.draw(st.integers(0, 2)))]
        if name in ("not", "some", "none", "every"):
            return self._filter(inner, near)
        if isinstance(inner, GraphQLInputObjectType):
            # A null filter is as good as none; a null operator, as `at` is one, is refused.
            return (
                None if name != "at" and self.chance(12) else self._filter(inner, list(_inside(near, name)))
            )
        return self.operand(name, inner, near)

    def _place(self, type_: GraphQLInputObjectType) -> Row:
        near = [inner for row in self.rows["Account"] for inner in _everything_in(row["attributes"])]
        numbers = [n for n in near if isinstance(n, int | float) and not isinstance(n, bool)]
        names = self.some([name for name in type_.fields if name != "path"], 2)
        return {
            n: self.operand(
                n, get_nullable_type(type_.fields[n].type), near if n in ("eq", "ne", "in") else numbers
            )
            for n in names
        }

    def operand(self, name: str, type_: Any, near: list[Any]) -> Any:
        """Draw what an operator compares with."""
        if is_list_type(type_):
            inner = get_nullable_type(type_.of_type)
            return [self.operand(name, inner, near) for _ in range(self.draw(st.integers(0, 3)))]
        named = get_named_type(type_)
        if named.name == "Boolean":
            return self.draw(st.booleans())
        if isinstance(named, GraphQLEnumType):
            return self.one_of(named.values)
        close = list(_close(name, named.name, near))
        if not close or self.chance(4):
            return self.one_of(MISSES[named.name])
        return self._written(self.one_of(close), name)

    def _written(self, value: Any, name: str) -> Any:
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
        """Draw an order of an entity's list."""
        constants = self._enum(f"{entity}OrderField")
        return [{"field": constant, **self._directions()} for constant in self.some(constants, 3)]

    def _directions(self) -> Row:
        found: Row = {}
        if self.chance(2):
            found["direction"] = self.one_of(["ASC", "DESC", None])
        if self.chance(2):
            found["nulls"] = self.one_of(["FIRST", "LAST", None])
        return found

    def _enum(self, name: str) -> list[str]:
        type_ = self.schema.get_type(name)
        assert isinstance(type_, GraphQLEnumType)
        return list(type_.values)

    def aggregate(self, entity: str) -> Row:
        """Draw the arguments of an aggregate of an entity."""
        keys = [self._grouping(entity, c) for c in self.some(self._enum(f"{entity}GroupField"), 2)]
        found: Row = {"groupBy": keys} if keys or self.chance(4) else {}
        if self.chance(2):
            found["where"] = self.where(entity)
        if self.chance(2):
            found["having"] = self._having(entity)
        if self.chance(2):
            found["orderBy"] = self._group_orders(entity, [key["field"] for key in keys])
        if self.chance(3):
            found["first"] = self.draw(st.integers(0, 5))
        return found

    def _grouping(self, entity: str, constant: str) -> Row:
        fields = self.schema.get_type(f"{entity}Key").fields  # type: ignore[union-attr]
        type_ = next(get_named_type(f.type).name for n, f in fields.items() if upper_case(n) == constant)
        cut = type_ in ("Date", "DateTime") and self.chance(2)
        return (
            {"field": constant, "bucket": self.one_of(self._enum("TimeBucket"))}
            if cut
            else {"field": constant}
        )

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


def _branches(name: str, type_: Any) -> bool:
    """Whether an entry holds a filter of its own."""
    return name in ("and", "or", "not") or get_named_type(type_).name.endswith("RelationFilter")


def _inside(near: list[Any], name: str) -> Iterator[Any]:
    for value in near:
        if name == EXTERNAL_REFS:
            yield from value[name]
        elif isinstance(value, dict) and name in value:
            yield value[name]
        elif not isinstance(value, dict):
            yield value


def _close(name: str, scalar: str, near: list[Any]) -> Iterator[Any]:
    """The sample's values that can stand as an operand: of a list its members, of a document its keys."""
    for value in near:
        if (isinstance(value, list) and scalar != "JSON") or (name == "hasKey" and isinstance(value, dict)):
            yield from value
        elif value is not None:
            yield value


def _everything_in(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _everything_in(inner)
