"""Inputs: filters, orders and groupings, from the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, Field, ScalarField
from tenure_core.catalog.external_refs import EXTERNAL_REFS, REF_FIELDS
from tenure_core.catalog.field_paths import group_paths, sort_paths
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import BOOLEAN, JSON, STRING, STRING_LIST, ScalarType
from tenure_core.query.plan.aggregates import aggregatable_fields
from tenure_schema.types.builder import Argument, GraphQLType, TypeRegistry, input_field, list_of
from tenure_schema.types.scalars import PYTHON, Json

EQUALITY = {
    "eq": "Is this value.",
    "ne": "Is not this value; empty values count.",
    "in": "Is one of these values.",
    "notIn": "Is none of these values; empty values count.",
}
COMPARISON = {
    "lt": "Is less than this value, or earlier.",
    "lte": "Is at most this value.",
    "gt": "Is greater than this value, or later.",
    "gte": "Is at least this value.",
}
TEXT = {
    "contains": "Holds this text, upper and lower case told apart.",
    "startsWith": "Begins with this text.",
    "endsWith": "Ends with this text.",
}
IS_NULL = "Whether it is empty."


class FilterInputs:
    """Makes the input types of a schema.

    Args:
        catalog: What there is.
        types: Where the types go.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry) -> None:
        self.catalog = catalog
        self.types = types
        types.enum("OrderDirection", "Which end of an order comes first.", ("ASC", "DESC"))
        types.enum("NullOrder", "Where empty values come in an order.", ("FIRST", "LAST"))
        types.enum(
            "TimeBucket",
            "A length of time that groups are cut to, in UTC.",
            ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
        )
        types.enum(
            "AggregateFunction",
            "What is computed over the records of a group.",
            ("COUNT", "SUM", "AVERAGE", "MINIMUM", "MAXIMUM"),
        )
        types.input(
            "NumberComparison",
            "Conditions on a number, all of which must hold.",
            [
                input_field(name, float, text)
                for name, text in {"eq": EQUALITY["eq"], "ne": EQUALITY["ne"], **COMPARISON}.items()
            ],
        )
        self._json_place()
        self._external_ref_filter()
        for entity in catalog.entities.values():
            self._entity(entity)

    def python(self, kind: ScalarType) -> GraphQLType:
        """Return the Python type that stands for a kind."""
        if kind.values:
            return self.types.enum(kind.name, f"The values of {kind.name}.", kind.values)
        return PYTHON[kind]

    def list_arguments(self, entity: EntityInfo) -> list[Argument]:
        """Return the arguments of every list of an entity."""
        return [
            Argument("first", int | None, "How many from the front: 20 where nothing is said, 100 at most."),
            Argument("after", str | None, "The cursor after which the page begins."),
            Argument("last", int | None, "How many from the end, instead of first."),
            Argument("before", str | None, "The cursor before which the page ends."),
            Argument(
                "where",
                self.types[f"{entity.name}Filter"] | None,
                "Which of them; deleted ones only if it speaks of deletedAt.",
            ),
            Argument(
                "orderBy",
                list_of(self.types[f"{entity.name}Order"]) | None,
                "In which order; equal ones by id.",
            ),
        ]

    def aggregate_arguments(self, entity: EntityInfo) -> list[Argument]:
        """Return the arguments of every aggregate of an entity."""
        name = entity.name
        return [
            Argument(
                "where",
                self.types[f"{name}Filter"] | None,
                "Which records; deleted ones only if it speaks of deletedAt.",
            ),
            Argument(
                "groupBy",
                list_of(self.types[f"{name}Grouping"]) | None,
                "What they are grouped by; with nothing, all are one group.",
            ),
            Argument("having", self.types[f"{name}Having"] | None, "Which groups."),
            Argument(
                "orderBy",
                list_of(self.types[f"{name}AggregateOrder"]) | None,
                "In which order; equal ones by their keys.",
            ),
            Argument("first", int | None, "How many groups: 100 where nothing is said, 1,000 at most."),
        ]

    def _entity(self, entity: EntityInfo) -> None:
        self._filter(entity)
        self._order(entity)
        self._grouping(entity)
        self._having(entity)

    def _filter(self, entity: EntityInfo) -> None:
        own = self.types[f"{entity.name}Filter"]
        fields = [
            input_field("and", list_of(own), "All of these hold."),
            input_field("or", list_of(own), "One of these holds at least."),
            input_field("not", own, "This does not hold."),
        ]
        if entity.searchable:
            fields.append(
                input_field(
                    "search", str, "Its search columns hold all of these words, found by their beginnings."
                )
            )
        keys = self.types["ExternalRefRelationFilter"]
        fields.append(input_field(EXTERNAL_REFS, keys, "On the keys that other systems have for it."))
        for field in entity.fields.values():
            fields.append(input_field(field.name, self._filter_of(field), f"On this: {field.description}"))
        self.types.input(f"{entity.name}Filter", f"Which {entity.plural}: all entries must hold.", fields)
        self.types.input(
            f"{entity.name}RelationFilter",
            f"Conditions on related {entity.plural}.",
            [
                input_field("some", own, "One of them fulfils this at least."),
                input_field("none", own, "None of them fulfils this."),
                input_field("every", own, "Every one of them fulfils this; true where there are none."),
            ],
        )

    def _external_ref_filter(self) -> None:
        own = self.types.input(
            "ExternalRefFilter",
            "Conditions on a key in another system, all of which must hold.",
            [
                input_field(name, self._scalar_filter(field.scalar_type), f"On this: {field.description}")
                for name, field in REF_FIELDS.items()
            ],
        )
        self.types.input(
            "ExternalRefRelationFilter",
            "Conditions on the keys that other systems have for a record.",
            [
                input_field("some", own, "One of them fulfils this at least."),
                input_field("none", own, "None of them fulfils this."),
                input_field("every", own, "Every one of them fulfils this; true where there are none."),
            ],
        )

    def _filter_of(self, field: Field) -> GraphQLType:
        if isinstance(field, ScalarField):
            return self._scalar_filter(field.scalar_type)
        if isinstance(field, CompositeField):
            return self._composite_filter(field)
        return self.types[f"{field.target}RelationFilter"]

    def _scalar_filter(self, kind: ScalarType) -> type:
        name = f"{kind.name}Filter"
        if not self.types.is_defined(name):
            self.types.input(
                name, f"Conditions on a value of {kind.name}, all of which must hold.", self._operators(kind)
            )
        return self.types[name]

    def _operators(self, kind: ScalarType) -> Iterator[Any]:
        if kind == STRING_LIST:
            yield input_field("has", str, "Holds this text.")
            yield input_field("hasEvery", list[str], "Holds all of these texts.")
            yield input_field("hasSome", list[str], "Holds one of these texts at least.")
            yield input_field("isEmpty", bool, "Whether it has no members.")
        elif kind == JSON:
            yield input_field("contains", Json, "Contains this JSON, as PostgreSQL's @> does.")
            yield input_field("hasKey", str, "Has this key at its top.")
            yield input_field("at", self.types["JSONPlaceFilter"], "Conditions on one place inside.")
        else:
            yield from self._plain_operators(kind)

    def _plain_operators(self, kind: ScalarType) -> Iterator[Any]:
        python = self.python(kind)
        for name, text in EQUALITY.items():
            if kind != BOOLEAN or name in ("eq", "ne"):
                yield input_field(name, list_of(python) if name in ("in", "notIn") else python, text)
        for name, text in {
            **(COMPARISON if kind.comparable else {}),
            **(TEXT if kind == STRING else {}),
        }.items():
            yield input_field(name, python, text)
        yield input_field("isNull", bool, IS_NULL)

    def _composite_filter(self, field: CompositeField) -> type:
        name = f"{field.type_name}Filter"
        if not self.types.is_defined(name):
            parts = [
                input_field(p.name, self._scalar_filter(p.scalar_type), f"On this: {p.description}")
                for p in field.parts.values()
            ]
            parts.append(input_field("isNull", bool, "Whether all of it is empty."))
            self.types.input(name, f"Conditions on a {field.type_name}, all of which must hold.", parts)
        return self.types[name]

    def _json_place(self) -> None:
        self.types.input(
            "JSONPlaceFilter",
            "Conditions on one place inside a JSON value, all of which must hold.",
            [
                input_field(
                    "path", list[str], "The keys, or numbers of list members, that lead there.", required=True
                ),
                input_field("eq", Json, "Is this JSON."),
                input_field("ne", Json, "Is not this JSON; a missing place counts."),
                input_field("in", list[Json], "Is one of these."),
                *(input_field(name, float, f"Is a number, and: {text}") for name, text in COMPARISON.items()),
                input_field("isNull", bool, "Whether it is missing or null."),
            ],
        )

    def _order(self, entity: EntityInfo) -> None:
        name = entity.name
        field = self.types.enum(
            f"{name}OrderField", f"What {entity.plural} can be ordered by.", sort_paths(entity, self.catalog)
        )
        self.types.input(
            f"{name}Order",
            f"One key of an order of {entity.plural}.",
            [input_field("field", field, "What is compared.", required=True), *self._directions()],
        )

    def _directions(self) -> list[Any]:
        return [
            input_field(
                "direction",
                self.types["OrderDirection"],
                "Which end comes first: the smallest where nothing is said.",
            ),
            input_field(
                "nulls", self.types["NullOrder"], "Where empty values come: last where nothing is said."
            ),
        ]

    def _grouping(self, entity: EntityInfo) -> None:
        name = entity.name
        found = group_paths(entity, self.catalog)
        field = self.types.enum(f"{name}GroupField", f"What {entity.plural} can be grouped by.", found)
        self.types.input(
            f"{name}Grouping",
            f"One key of a grouping of {entity.plural}.",
            [
                input_field("field", field, "What they are grouped by.", required=True),
                input_field(
                    "bucket",
                    self.types["TimeBucket"],
                    "The length of time that a time is cut down to, in UTC.",
                ),
            ],
        )
        measured = [upper_case(f) for f in aggregatable_fields(entity, "minimum")]
        over = self.types.enum(
            f"{name}MeasureField", f"What is computed over groups of {entity.plural}.", measured
        )
        self.types.input(
            f"{name}AggregateOrder",
            f"What groups of {entity.plural} are ordered by: a key, or a function.",
            [
                input_field("key", field, "One of the fields that they are grouped by."),
                input_field(
                    "function", self.types["AggregateFunction"], "What is compared, instead of a key."
                ),
                input_field("field", over, "What the function is computed over; nothing for COUNT."),
                *self._directions(),
            ],
        )

    def _having(self, entity: EntityInfo) -> None:
        number = self.types["NumberComparison"]
        fields = [input_field("count", number, "On how many records the group has.")]
        names = list(aggregatable_fields(entity, "sum"))
        if names:
            numbers = self.types.input(
                f"{entity.name}HavingNumbers",
                f"Conditions on numbers over {entity.plural}; money in minor units.",
                [input_field(name, number, f"On {name}.") for name in names],
            )
            fields += [
                input_field(f, numbers, f"On the {f} over each group.")
                for f in ("sum", "average", "minimum", "maximum")
            ]
        self.types.input(
            f"{entity.name}Having", f"Which groups of {entity.plural}: all entries must hold.", fields
        )
