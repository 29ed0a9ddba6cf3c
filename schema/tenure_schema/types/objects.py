"""The object types: entities, connections and aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

import strawberry

from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import REF_FIELDS
from tenure_core.catalog.field_paths import FieldPath, group_paths
from tenure_core.catalog.fields import (
    BatchFieldInfo,
    CompositeField,
    ExternalRefsField,
    Field,
    ScalarField,
    ToMany,
    ToManyAggregate,
    ToOneRelation,
)
from tenure_core.query.plan.aggregates import aggregatable_fields
from tenure_core.query.plan.nodes import Measure
from tenure_schema.types.builder import PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.descriptions import label, with_article
from tenure_schema.types.filter_inputs import FilterInputs

FUNCTIONS = {
    "sum": "Sum",
    "average": "Average",
    "minimum": "Smallest value",
    "maximum": "Largest value",
}
"""The aggregate functions, with the words that their descriptions start with."""


class ObjectTypes:
    """Defines the object types of the entities.

    Args:
        catalog: The entities.
        types: The registry for the types.
        inputs: The input types of arguments.
        record_fields: The fields that features add to every entity.
    """

    def __init__(
        self,
        catalog: Catalog,
        types: TypeRegistry,
        inputs: FilterInputs,
        record_fields: Sequence[PlannedField] = (),
    ) -> None:
        self.catalog = catalog
        self.types = types
        self.inputs = inputs
        self.record_fields = record_fields
        self._define_node()
        self._define_page_info()
        self._define_external_ref()
        for entity in catalog.entities.values():
            self._define_record(entity)
            self._define_connection(entity)
            self._define_aggregate(entity)

    def _define_node(self) -> None:
        identity = output_field("id", strawberry.ID, "Globally unique id of the record.")
        self.types.object("Node", "A record that can be read by its id.", [identity], is_interface=True)

    def _define_page_info(self) -> None:
        self.types.object(
            "PageInfo",
            "The position of a page in its connection.",
            [
                output_field("hasNextPage", bool, "Whether more records follow the page."),
                output_field("hasPreviousPage", bool, "Whether records precede the page."),
                output_field(
                    "startCursor", str | None, "Cursor of the first record; null if the page is empty."
                ),
                output_field(
                    "endCursor", str | None, "Cursor of the last record; null if the page is empty."
                ),
            ],
        )

    def _define_external_ref(self) -> None:
        fields = [built for field in REF_FIELDS.values() for built in build_output_fields(field, self)]
        self.types.object("ExternalRef", "The key of a record in another system.", fields)

    def _define_record(self, entity: EntityInfo) -> None:
        fields = [built for field in entity.fields.values() for built in build_output_fields(field, self)]
        description = f"{entity.description} A nullable field is null while it has no value."
        self.types.object(entity.name, description, [*fields, *self.record_fields])

    def aggregate_field(self, name: str, entity: EntityInfo) -> PlannedField:
        """Return a field with aggregates over records of an entity."""
        groups = list_of(self.types[f"{entity.name}Aggregate"])
        description = f"Aggregates over {label(entity.plural)}, optionally grouped; one element per group."
        return output_field(name, groups, description, self.inputs.aggregate_arguments(entity))

    def composite_type(self, field: CompositeField) -> type:
        """Return the object type of a composite field, which fields of the same type share."""
        if not self.types.is_defined(field.type_name):
            parts = [self._part(field, part) for part in field.parts.values()]
            self.types.object(field.type_name, field.type_description, parts)
        return self.types[field.type_name]

    def _part(self, field: CompositeField, part: ScalarField) -> PlannedField:
        python = self.inputs.python(part.scalar_type)
        is_required = part.name in field.required_parts
        return output_field(part.name, python if is_required else python | None, part.description)

    def _define_connection(self, entity: EntityInfo) -> None:
        record = self.types[entity.name]
        edge = self.types.object(
            f"{entity.name}Edge",
            f"{with_article(entity.singular).capitalize()} in a connection.",
            [
                output_field("cursor", str, "Position of the record in the connection."),
                output_field("node", record, "The record."),
            ],
        )
        self.types.object(
            f"{entity.name}Connection",
            f"A page of {label(entity.plural)}.",
            [
                output_field("edges", list_of(edge), "The records of the page with their cursors."),
                output_field("nodes", list_of(record), "The records of the page."),
                output_field("pageInfo", self.types["PageInfo"], "Position of the page in the connection."),
                output_field("totalCount", int, "Number of records on all pages; counted only if requested."),
            ],
        )

    def _define_aggregate(self, entity: EntityInfo) -> None:
        records = label(entity.plural)
        key = self.types.object(
            f"{entity.name}Key",
            f"The group keys of a group of {records}. A key is null unless `groupBy` contains it, or if the "
            "records have no value.",
            [self._key(path) for path in group_paths(entity, self.catalog).values()],
        )
        fields = [
            output_field("key", key, "The values that the records of the group have in common."),
            output_field("count", int, "Number of records in the group."),
        ]
        for function, words in FUNCTIONS.items():
            if measures := aggregatable_fields(entity, function):
                field = "numeric field" if function in ("sum", "average") else "field"
                description = f"{words} of each {field} over the group; null values are ignored."
                values = self.types.object(
                    f"{entity.name}{function.capitalize()}",
                    description,
                    [self._measure(name, measure) for name, measure in measures.items()],
                )
                fields.append(output_field(function, values, description))
        self.types.object(f"{entity.name}Aggregate", f"Aggregates over one group of {records}.", fields)

    def _key(self, path: FieldPath) -> PlannedField:
        python = self.types[path.target] if path.is_record else self.inputs.python(path.field.scalar_type)
        description = f"Group key `{'.'.join(path.names)}`. {path.field.description}"
        return output_field(path.name, python | None, description)

    def _measure(self, name: str, measure: Measure) -> PlannedField:
        description = f"{FUNCTIONS[measure.function]} of `{name}`; null if no record of the group has a value"
        if measure.currency is None:
            return output_field(name, self.inputs.python(measure.scalar_type) | None, f"{description}.")
        rounding = ". Rounded to the smallest unit of the currency" if measure.function == "average" else ""
        money = f"{description}, or if the values have several currencies{rounding}."
        return output_field(name, self.types[measure.object_type] | None, money)


@singledispatch
def build_output_fields(field: Field, objects: ObjectTypes) -> Iterable[PlannedField]:
    """Return the fields of the object type for a field of the entity.

    By default, there are none: a feature adds the field, as the change feed does for `history`.
    """
    return ()


@build_output_fields.register
def _(field: ScalarField | BatchFieldInfo, objects: ObjectTypes) -> Iterable[PlannedField]:
    python = objects.inputs.python(field.scalar_type)
    yield output_field(field.name, python | None if field.nullable else python, field.description)


@build_output_fields.register
def _(field: CompositeField, objects: ObjectTypes) -> Iterable[PlannedField]:
    yield output_field(field.name, objects.composite_type(field) | None, field.description)


@build_output_fields.register
def _(field: ToOneRelation, objects: ObjectTypes) -> Iterable[PlannedField]:
    yield output_field(field.name, objects.types[field.target] | None, field.description)


@build_output_fields.register
def _(field: ToMany, objects: ObjectTypes) -> Iterable[PlannedField]:
    connection = objects.types[f"{field.target}Connection"]
    arguments = objects.inputs.list_arguments(objects.catalog[field.target])
    yield output_field(field.name, connection, field.description, arguments)


@build_output_fields.register
def _(field: ToManyAggregate, objects: ObjectTypes) -> Iterable[PlannedField]:
    yield objects.aggregate_field(field.name, objects.catalog[field.relation.target])


@build_output_fields.register
def _(field: ExternalRefsField, objects: ObjectTypes) -> Iterable[PlannedField]:
    yield output_field(field.name, list_of(objects.types["ExternalRef"]), field.description)
