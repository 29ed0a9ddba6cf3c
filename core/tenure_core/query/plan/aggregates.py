"""Plans aggregate fields: groups, conditions on groups, and aggregate functions over each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, cast

from tenure_core.access.visibility import visible, visible_target
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.field_paths import FieldPath, group_paths
from tenure_core.catalog.fields import CompositeField, Field, ScalarField, ToMany
from tenure_core.entities.naming import upper_case
from tenure_core.entities.scalar_types import BIG_INT, FLOAT, INT, ScalarType
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.filters import entries, require_value
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
)
from tenure_core.query.plan.selections import plan_named_fields, plan_selections
from tenure_core.query.plan.sizes import GROUP_COUNT
from tenure_core.query.request import SelectedField

if TYPE_CHECKING:
    from tenure_core.query.plan.records import RecordPlanner

COUNT = Measure("count", INT)

Arguments = Mapping[str, object]


def plan_aggregation(
    records: RecordPlanner, entity: EntityInfo, relation: ToMany | None, field: SelectedField
) -> Aggregation:
    """Return the plan of an aggregate field.

    Args:
        records: The planner of the root field.
        entity: The entity of the records.
        relation: The relation to the records; None for a root field.
        field: The selected field.

    Raises:
        BadUserInputError: A key is given twice or cannot be truncated, or the size is out of range.
        ForbiddenError: The caller cannot read the records, or a value by which they are grouped.
    """
    return _AggregatePlanner(records, entity, field.name).plan(relation, field)


@dataclass(frozen=True, slots=True)
class _AggregatePlanner:
    """Plans one aggregate field over the records of an entity; the name is its path in error messages."""

    records: RecordPlanner
    entity: EntityInfo
    name: str

    def plan(self, relation: ToMany | None, field: SelectedField) -> Aggregation:
        arguments = field.arguments
        keys = self._plan_keys(arguments.get("groupBy"))
        return Aggregation(
            self.entity,
            relation,
            self.records.filters.plan_scope(self.entity, arguments.get("where"), f"{self.name}.where"),
            keys,
            tuple(self._plan_having(arguments.get("having"), f"{self.name}.having")),
            self._plan_order(keys, arguments.get("orderBy")),
            GROUP_COUNT.parse(self._constant(arguments.get("first")), f"{self.name}.first"),
            plan_selections(
                field.fields, f"{self.entity.name}Aggregate", lambda f: self._plan_output(keys, f)
            ),
        )

    def _constant(self, value: object) -> object:
        return self.records.binder.constant(value)

    def _plan_keys(self, group_by: object) -> tuple[GroupKey, ...]:
        paths = group_paths(self.entity, self.records.catalog)
        keys = tuple(
            self._plan_key(paths[str(self._constant(item["field"]))], self._constant(item.get("bucket")))
            for item in cast(list[Arguments], group_by or [])
        )
        if len({key.path for key in keys}) < len(keys):
            raise BadUserInputError(f"{self.name}.groupBy contains a field twice.", "Give each field once.")
        return keys

    def _plan_key(self, path: FieldPath, bucket: object) -> GroupKey:
        self.records.grants.require_path(path, self.records.catalog)
        if bucket is not None and not path.field.scalar_type.temporal:
            raise BadUserInputError(
                f"{self.name}.groupBy: {path.enum_name} is not a date or time.", "Omit `bucket`."
            )
        unit = None if bucket is None else str(bucket).lower()
        return GroupKey(path, unit, visible_target(path, self.records.catalog, self.records.grants))

    def _plan_having(self, having: object, path: str) -> list[HavingCompare]:
        comparisons: list[HavingCompare] = []
        for function, value in entries(having):
            if function == COUNT.function:
                comparisons += self._plan_comparisons(COUNT, value, f"{path}.{function}")
                continue
            for name, operators in entries(value):
                measure = self._plan_measure(function, name)
                comparisons += self._plan_comparisons(measure, operators, f"{path}.{function}.{name}")
        return comparisons

    def _plan_comparisons(self, measure: Measure, operators: object, path: str) -> list[HavingCompare]:
        scalar_type = INT if measure is COUNT else FLOAT
        add = self.records.binder.add
        return [
            HavingCompare(
                measure, name, add(scalar_type, require_value(value, f"{path}.{name}"), f"{path}.{name}")
            )
            for name, value in cast(Arguments, operators).items()
        ]

    def _plan_order(self, keys: tuple[GroupKey, ...], order_by: object) -> tuple[AggregateOrder, ...]:
        """Return the given order, followed by the other group keys, so that the order is total."""
        given = [self._plan_order_key(keys, item) for item in cast(list[Arguments], order_by or [])]
        used = [order.by for order in given]
        return (*given, *(AggregateOrder(i, False, False) for i in range(len(keys)) if i not in used))

    def _plan_order_key(self, keys: tuple[GroupKey, ...], item: Arguments) -> AggregateOrder:
        key, function, field, direction, nulls = (
            self._constant(item.get(name)) for name in ("key", "function", "field", "direction", "nulls")
        )
        if (key is None) == (function is None):
            raise BadUserInputError(f"{self.name}.orderBy needs a key or a function.", "Give one of the two.")
        by: int | Measure = (
            self._plan_order_measure(str(function).lower(), field)
            if key is None
            else self._find_key_index(keys, key)
        )
        return AggregateOrder(by, direction == "DESC", nulls == "FIRST")

    def _find_key_index(self, keys: tuple[GroupKey, ...], enum_name: object) -> int:
        for index, key in enumerate(keys):
            if key.path.enum_name == enum_name:
                return index
        raise BadUserInputError(
            f"{self.name}.orderBy: {enum_name} is not a key of groupBy.", "Add it to groupBy."
        )

    def _plan_order_measure(self, function: str, enum_name: object) -> Measure:
        if function == COUNT.function:
            if enum_name is not None:
                raise BadUserInputError(f"{self.name}.orderBy: COUNT does not have a field.", "Omit `field`.")
            return COUNT
        for name in aggregatable_fields(self.entity, function):
            if upper_case(name) == enum_name:
                return self._plan_measure(function, name)
        raise BadUserInputError(
            f"{self.name}.orderBy: {function.upper()} cannot be applied to {enum_name}.",
            "Use a numeric field.",
        )

    def _plan_output(self, keys: tuple[GroupKey, ...], field: SelectedField) -> GroupOutput:
        if field.name == COUNT.function:
            return MeasureValue(field.key, COUNT, None)
        if field.name == "key":
            plan_key = plan_selections(
                field.fields, f"{self.entity.name}Key", lambda f: self._plan_key_output(keys, f)
            )
            return GroupObject(field.key, plan_key)
        type_name = f"{self.entity.name}{field.name.capitalize()}"
        return GroupObject(
            field.key,
            plan_selections(field.fields, type_name, lambda f: self._plan_measure_output(field.name, f)),
        )

    def _plan_key_output(self, keys: tuple[GroupKey, ...], field: SelectedField) -> KeyValue | KeyNode:
        records = self.records
        paths = group_paths(self.entity, records.catalog).values()
        path = next(path for path in paths if path.name == field.name)
        index = next((i for i, key in enumerate(keys) if key.path is path), None)
        if not path.is_record:
            return KeyValue(field.key, index)
        target = records.catalog[path.target]
        records.grants.require_read(target)
        node = records.plan_node(target, field.fields, field.name)
        return KeyNode(field.key, index, visible(target, records.grants), node)

    def _plan_measure_output(self, function: str, field: SelectedField) -> MeasureValue:
        measure = self._plan_measure(function, field.name)
        if measure.currency is None:
            return MeasureValue(field.key, measure, None)
        return MeasureValue(field.key, measure, plan_named_fields(field.fields, measure.object_type))

    def _plan_measure(self, function: str, name: str) -> Measure:
        self.records.grants.require_field(self.entity.fields[name])
        return aggregatable_fields(self.entity, function)[name]


def aggregatable_fields(entity: EntityInfo, function: str) -> Mapping[str, Measure]:
    """Return the fields to which an aggregate function can be applied, by name, each with the measure."""
    measures = {name: plan_measure(field, function) for name, field in entity.fields.items()}
    return {name: measure for name, measure in measures.items() if measure and name != "version"}


@singledispatch
def plan_measure(field: Field, function: str) -> Measure | None:
    """Return an aggregate function over a field; None if it cannot be applied.

    All functions apply to numbers and to amounts of money; "minimum" and "maximum" also to dates and times.
    """
    return None


@plan_measure.register
def _(field: ScalarField, function: str) -> Measure | None:
    scalar_type = field.scalar_type
    if scalar_type.numeric or (function in ("minimum", "maximum") and scalar_type.temporal):
        return Measure(function, _find_result_type(scalar_type, function), field.column)
    return None


@plan_measure.register
def _(field: CompositeField, function: str) -> Measure | None:
    if not field.is_amount:
        return None
    amount, currency = field.parts["minorUnits"], field.parts["currency"]
    return Measure(function, amount.scalar_type, amount.column, currency.column, field.type_name)


def _find_result_type(scalar_type: ScalarType, function: str) -> ScalarType:
    if function == "average":
        return FLOAT
    return BIG_INT if function == "sum" and scalar_type == INT else scalar_type
