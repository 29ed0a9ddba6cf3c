"""Types: objects, connections and aggregates, from the catalog."""

from __future__ import annotations

from collections.abc import Iterator

import strawberry

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, Field, ScalarField, ToMany, ToOne
from tenure_core.catalog.computed_fields import CodedField
from tenure_core.catalog.external_refs import EXTERNAL_REFS, REF_FIELDS
from tenure_core.catalog.field_paths import Path, group_paths
from tenure_core.entities.scalar_types import BIG_INT, FLOAT, INT, Kind
from tenure_core.query.plan.aggregates import measurable
from tenure_core.query.plan.planner import AGGREGATE
from tenure_schema.features.change_feed import define_changes, history_field
from tenure_schema.types.builder import PlannedField, Types, list_of, output
from tenure_schema.types.filter_inputs import Inputs

FUNCTIONS = {
    "sum": "The sums over the group; of money, only where all of it is in one currency.",
    "average": "The averages over the group; of money, rounded, and only where all of it is in one currency.",
    "minimum": "The smallest values in the group; of money, only where all of it is in one currency.",
    "maximum": "The largest values in the group; of money, only where all of it is in one currency.",
}


class Objects:
    """Makes the object types of a schema.

    Args:
        catalog: What there is.
        types: Where the types go.
        inputs: The input types, for arguments.
    """

    def __init__(self, catalog: Catalog, types: Types, inputs: Inputs) -> None:
        self.catalog = catalog
        self.types = types
        self.inputs = inputs
        self._node()
        self._page_info()
        self._external_ref()
        define_changes(types)
        for entity in catalog.entities.values():
            self._entity(entity)

    def _node(self) -> None:
        identity = output("id", strawberry.ID, "The record's identity.")
        self.types.object("Node", "A record that can be read by its id.", [identity], is_interface=True)

    def _page_info(self) -> None:
        self.types.object(
            "PageInfo",
            "Where a page lies in its list.",
            [
                output("hasNextPage", bool, "Whether there is more after it."),
                output("hasPreviousPage", bool, "Whether there is more before it."),
                output("startCursor", str | None, "The cursor of its first record."),
                output("endCursor", str | None, "The cursor of its last record."),
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
        fields += [self._coded(field) for field in entity.coded.values()]
        keys = list_of(self.types["ExternalRef"])
        fields.append(output(EXTERNAL_REFS, keys, "The keys that other systems have for it."))
        fields.append(history_field(self.types))
        self.types.object(entity.name, entity.description, fields)

    def _field(self, field: Field) -> Iterator[PlannedField]:
        match field:
            case ScalarField():
                yield self._scalar(field)
            case CompositeField():
                yield output(field.name, self._composite(field) | None, field.description)
            case ToOne():
                yield output(field.name, self.types[field.target] | None, field.description)
            case ToMany():
                target = self.catalog[field.target]
                connection = self.types[f"{field.target}Connection"]
                yield output(field.name, connection, field.description, self.inputs.list_arguments(target))
                yield self.aggregate_field(f"{field.name}{AGGREGATE}", target)

    def aggregate_field(self, name: str, entity: EntityInfo) -> PlannedField:
        """Return an aggregate over records of an entity, as a field."""
        groups = list_of(self.types[f"{entity.name}Aggregate"])
        return output(
            name,
            groups,
            f"Numbers over {entity.plural}, group by group.",
            self.inputs.aggregate_arguments(entity),
        )

    def _scalar(self, field: ScalarField) -> PlannedField:
        python = self.inputs.python(field.kind)
        return output(field.name, python | None if field.nullable else python, field.description)

    def _coded(self, field: CodedField) -> PlannedField:
        return output(field.name, self.inputs.python(field.kind) | None, field.description)

    def _composite(self, field: CompositeField) -> type:
        if not self.types.has(field.type_name):
            parts = [self._part(field, part) for part in field.parts.values()]
            self.types.object(field.type_name, field.type_description, parts)
        return self.types[field.type_name]

    def _part(self, field: CompositeField, part: ScalarField) -> PlannedField:
        python = self.inputs.python(part.kind)
        return output(part.name, python if field.type_name == "Money" else python | None, part.description)

    def _connection(self, entity: EntityInfo) -> None:
        record = self.types[entity.name]
        edge = self.types.object(
            f"{entity.name}Edge",
            f"One of the {entity.plural} in a list.",
            [
                output("cursor", str, "Where it stands in the list."),
                output("node", record, "The record."),
            ],
        )
        self.types.object(
            f"{entity.name}Connection",
            f"A page of {entity.plural}.",
            [
                output("edges", list_of(edge), "The records with their cursors."),
                output("nodes", list_of(record), "The records."),
                output("pageInfo", self.types["PageInfo"], "Where the page lies in its list."),
                output("totalCount", int, "How many records the whole list has."),
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
            output("key", key, "What the group has in common."),
            output("count", int, "How many records it has."),
        ]
        for function, description in FUNCTIONS.items():
            if measured := [self._measure(function, f) for f in measurable(entity, function).values()]:
                numbers = self.types.object(f"{entity.name}{function.capitalize()}", description, measured)
                fields.append(output(function, numbers, description))
        self.types.object(f"{entity.name}Aggregate", f"Numbers over a group of {entity.plural}.", fields)

    def _key(self, path: Path, entity: EntityInfo) -> PlannedField:
        relation = entity.fields.get(path.name)
        python = (
            self.types[relation.target]
            if isinstance(relation, ToOne)
            else self.inputs.python(path.field.kind)
        )
        return output(path.name, python | None, f"What they have in common here: {path.field.description}")

    def _measure(self, function: str, field: ScalarField | CompositeField) -> PlannedField:
        if isinstance(field, CompositeField):
            return output(field.name, self.types["Money"] | None, field.description)
        return output(
            field.name, self.inputs.python(_measured_kind(function, field)) | None, field.description
        )


def _measured_kind(function: str, field: ScalarField) -> Kind:
    if function == "average":
        return FLOAT
    return BIG_INT if function == "sum" and field.kind == INT else field.kind
