"""Aggregates: from `groupBy`, `having` and the selected functions to groups and numbers over each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToMany, ToOne
from tenure_core.catalog.field_paths import FieldPath, group_paths
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import FLOAT, INT
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.filters import FilterPlanner, not_deleted, require_value
from tenure_core.query.plan.nodes import (
    AggregateOrder,
    Aggregation,
    GroupKey,
    GroupObject,
    GroupOutput,
    HavingCompare,
    KeyNode,
    KeyValue,
    Measure,
    MeasureValue,
    Node,
    TypeName,
)
from tenure_core.query.request import SelectedField, constant

DEFAULT_GROUPS = 100
MAX_GROUPS = 1_000
COUNT = Measure("count")

Arguments = Mapping[str, object]
PlanNode = Callable[[EntityInfo, tuple[SelectedField, ...], str], Node]


@dataclass(frozen=True, slots=True)
class AggregatePlanner:
    """Plans aggregates.

    Args:
        catalog: What there is.
        binder: Where the values go.
        filters: What plans `where`.
    """

    catalog: Catalog
    binder: Binder
    filters: FilterPlanner

    def aggregation(
        self, entity: EntityInfo, relation: ToMany | None, field: SelectedField, node: PlanNode
    ) -> Aggregation:
        """Return the plan of an aggregate field.

        Args:
            entity: Whose records.
            relation: The relation that leads to them; None at the root.
            field: What is asked.
            node: Plans a record, for keys that refer to one.

        Raises:
            BadUserInputError: A key is given twice or can't be cut into buckets, or a size is out of range.
            ForbiddenError: The records may not be read.
        """
        arguments = field.arguments
        keys = self._keys(entity, arguments.get("groupBy"), field.name)
        return Aggregation(
            entity,
            relation,
            self.filters.scope(entity, arguments.get("where"), f"{field.name}.where"),
            keys,
            tuple(self._having(entity, arguments.get("having"), f"{field.name}.having")),
            self._order(entity, keys, arguments.get("orderBy"), field.name),
            _size(constant(arguments.get("first")), field.name),
            tuple(self._output(entity, keys, f, node) for f in field.fields),
        )

    def _keys(self, entity: EntityInfo, group_by: object, name: str) -> tuple[GroupKey, ...]:
        known = group_paths(entity, self.catalog)
        items = cast(list[Arguments], group_by or [])
        keys = tuple(
            _group_key(known[str(constant(item["field"]))], constant(item.get("bucket")), name)
            for item in items
        )
        for key in keys:
            self.filters.grants.require_path(key.path, self.catalog)
        if len({key.path for key in keys}) < len(keys):
            raise BadUserInputError(f"{name}.groupBy names a field twice.", "Name each field once.")
        return keys

    def _having(self, entity: EntityInfo, having: object, path: str) -> list[HavingCompare]:
        found: list[HavingCompare] = []
        for function, inner in _entries(having):
            if function == "count":
                found += self._compares(COUNT, inner, f"{path}.count")
                continue
            for name, operators in _entries(inner):
                measure = self._measure(entity, function, name)
                found += self._compares(measure, operators, f"{path}.{function}.{name}")
        return found

    def _compares(self, measure: Measure, operators: object, path: str) -> list[HavingCompare]:
        kind = INT if measure is COUNT else FLOAT
        return [
            HavingCompare(
                measure, name, self.binder.add(kind, require_value(value, f"{path}.{name}"), f"{path}.{name}")
            )
            for name, value in cast(Arguments, operators).items()
        ]

    def _order(
        self, entity: EntityInfo, keys: tuple[GroupKey, ...], order_by: object, name: str
    ) -> tuple[AggregateOrder, ...]:
        given_keys = [
            self._order_key(entity, keys, item, name) for item in cast(list[Arguments], order_by or [])
        ]
        rest = [AggregateOrder(i, False, False) for i in range(len(keys))]
        return (*given_keys, *(key for key in rest if key.by not in [g.by for g in given_keys]))

    def _order_key(
        self, entity: EntityInfo, keys: tuple[GroupKey, ...], item: Arguments, name: str
    ) -> AggregateOrder:
        key, function = constant(item.get("key")), constant(item.get("function"))
        if (key is None) == (function is None):
            raise BadUserInputError(f"{name}.orderBy needs a key or a function.", "Give one of the two.")
        descending, nulls_first = (
            constant(item.get("direction")) == "DESC",
            constant(item.get("nulls")) == "FIRST",
        )
        if key is not None:
            return AggregateOrder(_key_index(keys, key, name), descending, nulls_first)
        measure = self._ordering_measure(entity, str(function).lower(), constant(item.get("field")), name)
        return AggregateOrder(measure, descending, nulls_first)

    def _output(
        self, entity: EntityInfo, keys: tuple[GroupKey, ...], field: SelectedField, node: PlanNode
    ) -> GroupOutput:
        if field.name == "__typename":
            return TypeName(field.key, f"{entity.name}Aggregate")
        if field.name == "count":
            return MeasureValue(field.key, COUNT, None)
        if field.name == "key":
            return GroupObject(
                field.key, tuple(self._key_output(entity, keys, f, node) for f in field.fields)
            )
        measured = (self._measure_output(entity, field.name, f) for f in field.fields)
        return GroupObject(field.key, tuple(measured))

    def _key_output(
        self, entity: EntityInfo, keys: tuple[GroupKey, ...], field: SelectedField, node: PlanNode
    ) -> KeyValue | KeyNode | TypeName:
        if field.name == "__typename":
            return TypeName(field.key, f"{entity.name}Key")
        index = next((i for i, key in enumerate(keys) if key.path.name == field.name), None)
        relation = entity.fields.get(field.name)
        if not isinstance(relation, ToOne):
            return KeyValue(field.key, index)
        target = self.catalog[relation.target]
        self.filters.grants.require_read(target)
        return KeyNode(
            field.key, index, relation, not_deleted(target), node(target, field.fields, field.name)
        )

    def _measure_output(
        self, entity: EntityInfo, function: str, field: SelectedField
    ) -> MeasureValue | TypeName:
        if field.name == "__typename":
            return TypeName(field.key, f"{entity.name}{function.capitalize()}")
        measure = self._measure(entity, function, field.name)
        if measure.currency is None:
            return MeasureValue(field.key, measure, None)
        parts = tuple(
            TypeName(f.key, "Money") if f.name == "__typename" else (f.key, f.name) for f in field.fields
        )
        return MeasureValue(field.key, measure, parts)

    def _ordering_measure(self, entity: EntityInfo, function: str, constant: object, name: str) -> Measure:
        if function == "count":
            if constant is not None:
                raise BadUserInputError(
                    f"{name}.orderBy: COUNT is not computed over a field.", "Leave it out."
                )
            return COUNT
        for field in aggregatable_fields(entity, function):
            if upper_case(field) == constant:
                return self._measure(entity, function, field)
        raise BadUserInputError(
            f"{name}.orderBy: {function.upper()} can't be computed over {constant}.",
            "Name a field of numbers.",
        )

    def _measure(self, entity: EntityInfo, function: str, name: str) -> Measure:
        field = aggregatable_fields(entity, function)[name]
        if isinstance(field, CompositeField):
            return Measure(function, field.parts["minorUnits"].column, field.parts["currency"].column)
        self.filters.grants.require_field(field)
        return Measure(function, field.column)


def aggregatable_fields(entity: EntityInfo, function: str) -> dict[str, ScalarField | CompositeField]:
    """Return the fields that a function can be computed over, by name.

    Numbers and money for every function; dates and times for `minimum` and `maximum`, too.
    """
    numbers = [
        f
        for f in entity.scalars
        if f.scalar_type.numeric or (function in ("minimum", "maximum") and f.scalar_type.temporal)
    ]
    money = [f for f in entity.composites if f.type_name == "Money"]
    found: list[ScalarField | CompositeField] = [*numbers, *money]
    return {f.name: f for f in found if f.name != "version"}


def _key_index(keys: tuple[GroupKey, ...], constant: object, name: str) -> int:
    for index, key in enumerate(keys):
        if key.path.enum_name == constant:
            return index
    raise BadUserInputError(f"{name}.orderBy: {constant} is no key of groupBy.", "Group by it, too.")


def _group_key(path: FieldPath, bucket: object, name: str) -> GroupKey:
    if bucket is not None and not path.field.scalar_type.temporal:
        raise BadUserInputError(f"{name}.groupBy: {path.enum_name} is no time.", "Leave the bucket out.")
    return GroupKey(path, None if bucket is None else str(bucket).lower())


def _size(first: object, name: str) -> int:
    if first is None:
        return DEFAULT_GROUPS
    if not isinstance(first, int) or not 0 <= first <= MAX_GROUPS:
        raise BadUserInputError(f"{name}.first is {first}.", f"Ask for 0 to {MAX_GROUPS} groups.")
    return first


def _entries(value: object) -> list[tuple[str, object]]:
    return [(name, inner) for name, inner in cast(Arguments, value or {}).items() if inner is not None]
