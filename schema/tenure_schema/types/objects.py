"""Types: objects, connections and aggregates, from the catalog."""

from __future__ import annotations

from collections.abc import Iterator

import strawberry

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, Field, ScalarField, ToMany, ToOne
from tenure_core.catalog.computed_fields import BatchFieldInfo
from tenure_core.catalog.external_refs import EXTERNAL_REFS, REF_FIELDS
from tenure_core.catalog.field_paths import FieldPath, group_paths
from tenure_core.entities.scalar_types import BIG_INT, FLOAT, INT, ScalarType
from tenure_core.query.plan.aggregates import aggregatable_fields
from tenure_core.query.plan.planner import AGGREGATE
from tenure_schema.features.change_feed import define_types, history_field
from tenure_schema.types.builder import PlannedField, TypeRegistry, list_of, output_field
from tenure_schema.types.filter_inputs import FilterInputs

FUNCTIONS = {
    "sum": "The sums over the group; of money, only where all of it is in one currency.",
    "average": "The averages over the group; of money, rounded, and only where all of it is in one currency.",
    "minimum": "The smallest values in the group; of money, only where all of it is in one currency.",
    "maximum": "The largest values in the group; of money, only where all of it is in one currency.",
}


class ObjectTypes:
    """Makes the object types of a schema.

    Args:
        catalog: What there is.
        types: Where the types go.
        inputs: The input types, for arguments.
    """

    def __init__(self, catalog: Catalog, types: TypeRegistry, inputs: FilterInputs) -> None:
        self.catalog = catalog
        self.types = types
        self.inputs = inputs
        self._node()
        self._page_info()
        self._external_ref()
        define_types(types)
        for entity in catalog.entities.values():
            self._entity(entity)

    def _node(self) -> None:
        identity = output_field("id", strawberry.ID, "The record's identity.")
        self.types.object("Node", "A record that can be read by its id.", [identity], is_interface=True)

    def _page_info(self) -> None:
        self.types.object(
            "PageInfo",
            "Where a page lies in its list.",
            [
                output_field("hasNextPage", bool, "Whether there is more after it."),
                output_field("hasPreviousPage", bool, "Whether there is more before it."),
                output_field("startCursor", str | None, "The cursor of its first record."),
                output_field("endCursor", str | None, "The cursor of its last record."),
            ],
        )

    def _external_ref(self) -> None:
        fields = [self._scalar(field) for field in REF_FIELDS.values()]
        self.types.object("ExternalRef", "The key of a record in another system.", fields)

    def _entity(self, entity: EntityInfo) -> None:
        self._record(entity)
        self._connection(entity)
        self._aggregate(entity)

    def _record(self, entity: EntityInfo) -> None:
        fields = [built for field in entity.fields.values() for built in self._field(field)]
        fields += [self._coded(field) for field in entity.batch_fields.values()]
        keys = list_of(self.types["ExternalRef"])
        fields.append(output_field(EXTERNAL_REFS, keys, "The keys that other systems have for it."))
        fields.append(history_field(self.types))
        self.types.object(entity.name, entity.description, fields)

    def _field(self, field: Field) -> Iterator[PlannedField]:
        match field:
            case ScalarField():
                yield self._scalar(field)
            case CompositeField():
                yield output_field(field.name, self._composite(field) | None, field.description)
            case ToOne():
                yield output_field(field.name, self.types[field.target] | None, field.description)
            case ToMany():
                target = self.catalog[field.target]
                connection = self.types[f"{field.target}Connection"]
                yield output_field(
                    field.name, connection, field.description, self.inputs.list_arguments(target)
                )
                yield self.aggregate_field(f"{field.name}{AGGREGATE}", target)

    def aggregate_field(self, name: str, entity: EntityInfo) -> PlannedField:
        """Return an aggregate over records of an entity, as a field."""
        groups = list_of(self.types[f"{entity.name}Aggregate"])
        return output_field(
            name,
            groups,
            f"Numbers over {entity.plural}, group by group.",
            self.inputs.aggregate_arguments(entity),
        )

    def _scalar(self, field: ScalarField) -> PlannedField:
        python = self.inputs.python(field.scalar_type)
        return output_field(field.name, python | None if field.nullable else python, field.description)

    def _coded(self, field: BatchFieldInfo) -> PlannedField:
        return output_field(field.name, self.inputs.python(field.scalar_type) | None, field.description)

    def _composite(self, field: CompositeField) -> type:
        if not self.types.is_defined(field.type_name):
            parts = [self._part(field, part) for part in field.parts.values()]
            self.types.object(field.type_name, field.type_description, parts)
        return self.types[field.type_name]

    def _part(self, field: CompositeField, part: ScalarField) -> PlannedField:
        python = self.inputs.python(part.scalar_type)
        return output_field(
            part.name, python if field.type_name == "Money" else python | None, part.description
        )

    def _connection(self, entity: EntityInfo) -> None:
        record = self.types[entity.name]
        edge = self.types.object(
            f"{entity.name}Edge",
            f"One of the {entity.plural} in a list.",
            [
                output_field("cursor", str, "Where it stands in the list."),
                output_field("node", record, "The record."),
            ],
        )
        self.types.object(
            f"{entity.name}Connection",
            f"A page of {entity.plural}.",
            [
                output_field("edges", list_of(edge), "The records with their cursors."),
                output_field("nodes", list_of(record), "The records."),
                output_field("pageInfo", self.types["PageInfo"], "Where the page lies in its list."),
                output_field("totalCount", int, "How many records the whole list has."),
            ],
        )

    def _aggregate(self, entity: EntityInfo) -> None:
        keys = [self._key(path, entity) for path in group_paths(entity, self.catalog).values()]
        key = self.types.object(
            f"{entity.name}Key",
            f"What a group of {entity.plural} has in common; null where it was not grouped by.",
            keys,
        )
        fields = [
            output_field("key", key, "What the group has in common."),
            output_field("count", int, "How many records it has."),
        ]
        for function, description in FUNCTIONS.items():
            if measured := [
                self._measure(function, f) for f in aggregatable_fields(entity, function).values()
            ]:
                numbers = self.types.object(f"{entity.name}{function.capitalize()}", description, measured)
                fields.append(output_field(function, numbers, description))
        self.types.object(f"{entity.name}Aggregate", f"Numbers over a group of {entity.plural}.", fields)

    def _key(self, path: FieldPath, entity: EntityInfo) -> PlannedField:
        relation = entity.fields.get(path.name)
        python = (
            self.types[relation.target]
            if isinstance(relation, ToOne)
            else self.inputs.python(path.field.scalar_type)
        )
        return output_field(
            path.name, python | None, f"What they have in common here: {path.field.description}"
        )

    def _measure(self, function: str, field: ScalarField | CompositeField) -> PlannedField:
        if isinstance(field, CompositeField):
            return output_field(field.name, self.types["Money"] | None, field.description)
        return output_field(
            field.name, self.inputs.python(_measured_kind(function, field)) | None, field.description
        )


def _measured_kind(function: str, field: ScalarField) -> ScalarType:
    if function == "average":
        return FLOAT
    return BIG_INT if function == "sum" and field.scalar_type == INT else field.scalar_type
