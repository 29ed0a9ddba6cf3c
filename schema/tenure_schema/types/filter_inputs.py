"""The input types of queries: filters, sort orders and groupings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import REF_FIELDS
from tenure_core.catalog.field_paths import group_paths, sort_paths
from tenure_core.catalog.fields import CompositeField, ExternalRefsField, Field, Relation, ScalarField
from tenure_core.entities.fields import list_columns
from tenure_core.entities.naming import camel_case, upper_case
from tenure_core.entities.scalar_types import ScalarType
from tenure_core.query.plan.aggregates import aggregatable_fields
from tenure_core.query.plan.sizes import GROUP_COUNT, PAGE_SIZE
from tenure_schema.types.builder import Argument, GraphQLType, TypedField, TypeRegistry, input_field, list_of
from tenure_schema.types.descriptions import label
from tenure_schema.types.scalars import PYTHON, Json

EQUALITY = {
    "eq": "Equal to this value.",
    "ne": "Not equal to this value; null values match.",
    "in": "Equal to one of these values.",
    "notIn": "Equal to none of these values; null values match.",
}
COMPARISON = {
    "lt": "Less than this value.",
    "lte": "Less than or equal to this value.",
    "gt": "Greater than this value.",
    "gte": "Greater than or equal to this value.",
}
TEMPORAL_COMPARISON = {
    "lt": "Before this {}.",
    "lte": "Before or equal to this {}.",
    "gt": "After this {}.",
    "gte": "After or equal to this {}.",
}
TEXT_COMPARISON = {name: f"{text} Text is compared by code point." for name, text in COMPARISON.items()}
IS_NULL = "True: the value is null. False: the value is not null."
OPERATORS = {
    **EQUALITY,
    **COMPARISON,
    "contains": "Contains this text; case-sensitive.",
    "startsWith": "Starts with this text; case-sensitive.",
    "endsWith": "Ends with this text; case-sensitive.",
    "isNull": IS_NULL,
    **{f"String.{name}": text for name, text in TEXT_COMPARISON.items()},
    **{
        f"{type_}.{name}": text.format(noun)
        for type_, noun in (("Date", "date"), ("DateTime", "time"))
        for name, text in TEMPORAL_COMPARISON.items()
    },
    "has": "Contains this text as a member.",
    "hasEvery": "Contains all of these texts as members.",
    "hasSome": "Contains at least one of these texts as a member.",
    "isEmpty": "True: the list has no members. False: it has members.",
    "JSON.contains": "Contains this JSON, as defined by PostgreSQL's operator @>.",
    "hasKey": "The top level contains this key.",
    "at": "Conditions on the value at a path.",
}
"""Descriptions of the filter operators; `TYPE.operator` replaces that of one scalar type."""
QUANTIFIERS = {
    "some": "At least one matches.",
    "none": "None matches; with {}, there are none.",
    "every": "All match; also true if there are none.",
}
DIRECTIONS = {
    "ASC": "Smallest or earliest value first.",
    "DESC": "Largest or latest value first.",
}
NULL_ORDERS = {"FIRST": "Null values first.", "LAST": "Null values last."}
BUCKETS = {
    "HOUR": "Full hours.",
    "DAY": "Days, starting at midnight UTC.",
    "WEEK": "Weeks, starting on Monday.",
    "MONTH": "Calendar months.",
    "QUARTER": "Calendar quarters.",
    "YEAR": "Calendar years.",
}
AGGREGATE_FUNCTIONS = {
    "COUNT": "Number of records.",
    "SUM": "Sum of the values.",
    "AVERAGE": "Average of the values.",
    "MINIMUM": "Smallest value.",
    "MAXIMUM": "Largest value.",
}
WHERE = "Filter; soft-deleted records are excluded unless it has a condition on deletedAt."


class FilterInputs:
    """Defines the input types of the queries on entities.

    Args:
        catalog: The entities.
        types: The registry for the types.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry) -> None:
        self.catalog = catalog
        self.types = types
        types.enum("OrderDirection", "The direction of a sort key.", DIRECTIONS)
        types.enum("NullOrder", "The position of null values in a sort order.", NULL_ORDERS)
        types.enum("TimeBucket", "The length of the intervals that group timestamps, in UTC.", BUCKETS)
        types.enum("AggregateFunction", "An aggregate over the records of a group.", AGGREGATE_FUNCTIONS)
        self._define_number_comparison()
        self._define_json_path_filter()
        self._define_external_ref_filter()
        for entity in catalog.entities.values():
            self._define_filter(entity)
            self._define_order(entity)
            self._define_grouping(entity)
            self._define_having(entity)

    def python(self, scalar_type: ScalarType) -> GraphQLType:
        """Return the Python type of a scalar type."""
        if scalar_type.values:
            description = scalar_type.description or f"The values of {scalar_type.name}."
            return self.types.enum(scalar_type.name, description, scalar_type.values)
        return PYTHON[scalar_type]

    def list_arguments(self, entity: EntityInfo) -> list[Argument]:
        """Return the arguments of every connection of an entity."""
        direction = "descending" if entity.descending else "ascending"
        order = f"Sort keys, most significant first; {entity.order} {direction} by default. Ties sort by id."
        size = f"{PAGE_SIZE.default} by default, at most {PAGE_SIZE.maximum}"
        return [
            Argument("first", int | None, f"Page size from the start; {size}."),
            Argument("after", str | None, "Cursor; the page starts after it."),
            Argument(
                "last",
                int | None,
                f"Page size from the end, instead of `first`; at most {PAGE_SIZE.maximum}.",
            ),
            Argument("before", str | None, "Cursor; the page ends before it."),
            Argument("where", self.types[f"{entity.name}Filter"] | None, WHERE),
            Argument("orderBy", list_of(self.types[f"{entity.name}Order"]) | None, order),
        ]

    def aggregate_arguments(self, entity: EntityInfo) -> list[Argument]:
        """Return the arguments of every aggregate of an entity."""
        name = entity.name
        grouping = "Group keys; without any, all records are one group."
        order = "Sort keys of the groups, most significant first. Ties sort by the group keys."
        size = f"Maximum number of groups; {GROUP_COUNT.default} by default, at most {GROUP_COUNT.maximum:,}."
        return [
            Argument("where", self.types[f"{name}Filter"] | None, WHERE),
            Argument("groupBy", list_of(self.types[f"{name}Grouping"]) | None, grouping),
            Argument("having", self.types[f"{name}Having"] | None, "Filter on the aggregates of each group."),
            Argument("orderBy", list_of(self.types[f"{name}AggregateOrder"]) | None, order),
            Argument("first", int | None, size),
        ]

    def _define_filter(self, entity: EntityInfo) -> None:
        own_type, records = self.types[f"{entity.name}Filter"], label(entity.plural)
        fields = [
            input_field("and", list_of(own_type), "All of these conditions are true."),
            input_field("or", list_of(own_type), "At least one of these conditions is true."),
            input_field("not", own_type, "This condition is not true."),
        ]
        if entity.searchable:
            fields.append(input_field("search", str, _describe_search(entity)))
        for field in entity.fields.values():
            if (type_ := build_filter_type(field, self)) is not None:
                fields.append(input_field(field.name, type_, field.description))
        self.types.input(f"{entity.name}Filter", f"Conditions on {records}; all must be true.", fields)
        self._define_relation_filter(entity.name, own_type, f"Conditions on related {records}.")

    def _define_relation_filter(self, name: str, type_: type, description: str) -> None:
        quantifiers = [input_field(quantifier, type_, text) for quantifier, text in QUANTIFIERS.items()]
        self.types.input(f"{name}RelationFilter", f"{description} All must be true.", quantifiers)

    def _define_external_ref_filter(self) -> None:
        fields = [
            input_field(name, self.scalar_filter(field.scalar_type), field.description)
            for name, field in REF_FIELDS.items()
        ]
        description = "Conditions on a key in another system; all must be true."
        type_ = self.types.input("ExternalRefFilter", description, fields)
        description = "Conditions on the keys of a record in other systems."
        self._define_relation_filter("ExternalRef", type_, description)

    def scalar_filter(self, scalar_type: ScalarType) -> type:
        """Return the filter type of a scalar type."""
        name = f"{scalar_type.name}Filter"
        if not self.types.is_defined(name):
            description = f"Conditions on a value of type {scalar_type.name}; all must be true."
            self.types.input(name, description, self._operators(scalar_type))
        return self.types[name]

    def _operators(self, scalar_type: ScalarType) -> Iterator[TypedField]:
        for name in scalar_type.operators:
            description = OPERATORS.get(f"{scalar_type.name}.{name}") or OPERATORS[name]
            yield input_field(name, self._operand(scalar_type, name), description)

    def _operand(self, scalar_type: ScalarType, operator: str) -> GraphQLType:
        python = self.python(scalar_type)
        operands: dict[str, GraphQLType] = {
            **dict.fromkeys(("in", "notIn"), list_of(python)),
            **dict.fromkeys(("isNull", "isEmpty"), bool),
            **dict.fromkeys(("has", "hasKey"), str),
            **dict.fromkeys(("hasEvery", "hasSome"), list[str]),
            "at": self.types["JSONPathFilter"],
        }
        return operands.get(operator, python)

    def composite_filter(self, field: CompositeField) -> type:
        """Return the filter type of a composite field, which fields of the same type share."""
        name = f"{field.type_name}Filter"
        if not self.types.is_defined(name):
            parts = [
                input_field(part.name, self.scalar_filter(part.scalar_type), part.description)
                for part in field.parts.values()
            ]
            parts.append(input_field("isNull", bool, IS_NULL))
            description = f"Conditions on a value of type {field.type_name}; all must be true."
            self.types.input(name, description, parts)
        return self.types[name]

    def _define_number_comparison(self) -> None:
        operators = {"eq": EQUALITY["eq"], "ne": EQUALITY["ne"], **COMPARISON}
        fields = [input_field(name, float, text) for name, text in operators.items()]
        self.types.input("NumberComparison", "Conditions on a number; all must be true.", fields)

    def _define_json_path_filter(self) -> None:
        path = "Object keys, or indexes of array elements, from the top level to the value."
        self.types.input(
            "JSONPathFilter",
            "Conditions on the value at a path in a JSON document; all must be true.",
            [
                input_field("path", list[str], path, required=True),
                input_field("eq", Json, "Equal to this JSON."),
                input_field("ne", Json, "Not equal to this JSON; a missing value matches."),
                input_field("in", list[Json], "Equal to one of these JSON values."),
                *(
                    input_field(name, float, f"A number: {text[0].lower()}{text[1:]}")
                    for name, text in COMPARISON.items()
                ),
                input_field("isNull", bool, "True: the value is missing or null. False: it is neither."),
            ],
        )

    def _define_order(self, entity: EntityInfo) -> None:
        name, records = entity.name, label(entity.plural)
        values = list(sort_paths(entity, self.catalog))
        field = self.types.enum(f"{name}OrderField", f"The fields that {records} can be sorted by.", values)
        self.types.input(
            f"{name}Order",
            f"A sort key of {records}.",
            [input_field("field", field, "The field to sort by.", required=True), *self._directions()],
        )

    def _directions(self) -> list[TypedField]:
        return [
            input_field("direction", self.types["OrderDirection"], "Direction; ASC by default."),
            input_field("nulls", self.types["NullOrder"], "Position of null values; LAST by default."),
        ]

    def _define_grouping(self, entity: EntityInfo) -> None:
        name, records = entity.name, label(entity.plural)
        paths = list(group_paths(entity, self.catalog))
        field = self.types.enum(f"{name}GroupField", f"The fields that {records} can be grouped by.", paths)
        bucket = "Groups a date or timestamp by intervals of this length, in UTC; by exact value by default."
        self.types.input(
            f"{name}Grouping",
            f"A group key of {records}.",
            [
                input_field("field", field, "The field to group by.", required=True),
                input_field("bucket", self.types["TimeBucket"], bucket),
            ],
        )
        measured = [upper_case(name) for name in aggregatable_fields(entity, "minimum")]
        description = f"The fields of {records} that aggregate functions accept."
        measure = self.types.enum(f"{name}MeasureField", description, measured)
        self.types.input(
            f"{name}AggregateOrder",
            f"A sort key of groups of {records}: either `key`, or `function` with `field`.",
            [
                input_field("key", field, "Sorts by this group key, which `groupBy` must contain."),
                input_field("function", self.types["AggregateFunction"], "Sorts by this aggregate."),
                input_field("field", measure, "The field that the function aggregates; omitted for COUNT."),
                *self._directions(),
            ],
        )

    def _define_having(self, entity: EntityInfo) -> None:
        number, records = self.types["NumberComparison"], label(entity.plural)
        fields = [input_field("count", number, "Condition on the number of records in the group.")]
        if names := list(aggregatable_fields(entity, "sum")):
            values = self.types.input(
                f"{entity.name}HavingNumbers",
                f"Conditions on an aggregate of {records}; all must be true. Money is in minor units.",
                [input_field(name, number, f"Condition on {name}.") for name in names],
            )
            fields += [
                input_field(function, values, f"Conditions on the {function} over the group.")
                for function in ("sum", "average", "minimum", "maximum")
            ]
        self.types.input(
            f"{entity.name}Having", f"Conditions on groups of {records}; all must be true.", fields
        )


@singledispatch
def build_filter_type(field: Field, inputs: FilterInputs) -> GraphQLType:
    """Return the type of the filter on a field; None, the default, if the field has no filter.

    Args:
        field: The field.
        inputs: The input types.
    """
    return None


@build_filter_type.register
def _(field: ScalarField, inputs: FilterInputs) -> GraphQLType:
    return inputs.scalar_filter(field.scalar_type)


@build_filter_type.register
def _(field: CompositeField, inputs: FilterInputs) -> GraphQLType:
    return inputs.composite_filter(field)


@build_filter_type.register
def _(field: Relation, inputs: FilterInputs) -> GraphQLType:
    return inputs.types[f"{field.target}RelationFilter"]


@build_filter_type.register
def _(field: ExternalRefsField, inputs: FilterInputs) -> GraphQLType:
    return inputs.types["ExternalRefRelationFilter"]


def _describe_search(entity: EntityInfo) -> str:
    columns = list_columns(entity.entity_class.__fields__)
    names = ", ".join(camel_case(column.column) for column in columns if column.search)
    return f"Full-text search in {names}: finds records with words that start with each word of the query."
