"""Plans `where` arguments as predicates.

A filter is either true or false: a comparison with a null value is false, and `not` of it is true.
Therefore `ne` is the opposite of `eq`, and `notIn` of `in`, also for null values. The SQL of the operators,
such as `startsWith`, is `COMPARE` of `tenure_core.query.sql.conditions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import cast

from tenure_core.access.grants import Grants
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import REF_FIELDS
from tenure_core.catalog.fields import CompositeField, ExternalRefsField, Field, Relation, ScalarField
from tenure_core.catalog.predicates import (
    Compare,
    CompareJson,
    ExternalRefMatch,
    IsNull,
    JsonIsNull,
    Not,
    Or,
    Predicate,
    RelationMatch,
    Search,
    all_of,
)
from tenure_core.entities.scalar_types import FLOAT, JSON, STRING, STRING_LIST
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.filter_limits import FilterLimits
from tenure_core.query.request import Variable

Where = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FilterPlanner:
    """Plans the filters of one root field.

    Args:
        catalog: The catalog.
        grants: The grants of the caller.
        binder: Receives the values.
        limits: Limits the size of the filters.
    """

    catalog: Catalog
    grants: Grants
    binder: Binder
    limits: FilterLimits

    def plan_scope(self, entity: EntityInfo, where: object, path: str) -> Predicate:
        """Return the predicate of a list: the filter, and that the records are visible.

        Deleted records are visible only if the filter has a condition on `deletedAt`.

        Raises:
            BadUserInputError: A value is not of the expected type.
            ForbiddenError: The caller cannot read the entity, or a related one that the filter uses.
        """
        self.grants.require_read(entity)
        condition = self.plan_where(entity, where, path)
        return all_of(visible(entity, self.grants, include_deleted=_mentions_deletion(where)), condition)

    def plan_where(self, entity: EntityInfo, where: object, path: str) -> Predicate:
        """Return the predicate of a filter on an entity."""
        with self.limits.nest(path):
            return all_of(
                *(self._plan_entry(entity, name, value, f"{path}.{name}") for name, value in entries(where))
            )

    def _plan_entry(self, entity: EntityInfo, name: str, value: object, path: str) -> Predicate:
        self.limits.count(path)
        match name:
            case "and":
                return all_of(*(self.plan_where(entity, part, path) for part in _list(value)))
            case "or":
                return Or(tuple(self.plan_where(entity, part, path) for part in _list(value)))
            case "not":
                return Not(self.plan_where(entity, value, path))
            case "search":
                return Search(self.binder.add(STRING, require_value(value, path), path))
        field = entity.fields[name]
        self.grants.require_field(field)
        return plan_filter(field, self, value, path)

    def plan_operators(self, field: ScalarField, operators: object, path: str) -> Predicate:
        """Return the conjunction of the operators on a scalar field."""
        plan_operator = {JSON: self._plan_json_operator, STRING_LIST: self._plan_list_operator}.get(
            field.scalar_type, self._plan_operator
        )
        return all_of(
            *(plan_operator(field, n, value, f"{path}.{n}") for n, value in cast(Where, operators).items())
        )

    def _plan_operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "isNull":
            return IsNull((field.column,), self.require_boolean(value, path))
        many = name in ("in", "notIn")
        param = self.binder.add(field.scalar_type, require_value(value, path), path, many=many)
        return Compare(field.column, name, param)

    def _plan_list_operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "isEmpty":
            operator = "isEmpty" if self.require_boolean(value, path) else "isNotEmpty"
            return Compare(field.column, operator, self.binder.add(STRING_LIST, [], path))
        param = self.binder.add(STRING, require_value(value, path), path, many=name != "has")
        return Compare(field.column, name, param)

    def _plan_json_operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "at":
            return self._plan_json_path(field, cast(Where, require_value(value, path)), path)
        scalar_type = STRING if name == "hasKey" else JSON
        return Compare(field.column, name, self.binder.add(scalar_type, require_value(value, path), path))

    def _plan_json_path(self, field: ScalarField, value: Where, path: str) -> Predicate:
        json_path = self.binder.add(STRING, value["path"], f"{path}.path", many=True)

        def plan(name: str, operand: object, path: str) -> Predicate:
            if name == "isNull":
                return JsonIsNull(field.column, json_path, self.require_boolean(operand, path))
            scalar_type = FLOAT if name in ("lt", "lte", "gt", "gte") else JSON
            param = self.binder.add(scalar_type, require_value(operand, path), path, many=name == "in")
            return CompareJson(field.column, json_path, name, param)

        return all_of(*(plan(n, operand, f"{path}.{n}") for n, operand in value.items() if n != "path"))

    def plan_external_ref(
        self, entity: EntityInfo, quantifier: str, where: object, path: str
    ) -> ExternalRefMatch:
        """Return the predicate on the external references of a record.

        Args:
            entity: The entity of the record.
            quantifier: "some", "none" or "every".
            where: The operators on each field of an external reference.
            path: The path of the filter, for error messages.
        """
        conditions = (
            self.plan_operators(REF_FIELDS[name], operators, f"{path}.{name}")
            for name, operators in entries(where)
        )
        return ExternalRefMatch(entity, quantifier, all_of(*conditions))

    def plan_related(self, relation: Relation, quantifier: str, where: object, path: str) -> RelationMatch:
        """Return the predicate on related records."""
        target = self.catalog[relation.target]
        self.grants.require_read(target)
        with self.limits.enter_relation(path):
            condition = self.plan_where(target, where, f"{path}.{quantifier}")
        scope = visible(target, self.grants, include_deleted=_mentions_deletion(where))
        return RelationMatch(relation, target, quantifier, scope, condition)

    def require_boolean(self, value: object, path: str) -> bool:
        """Return the value of a boolean operator, on which the plan depends.

        Raises:
            BadUserInputError: The value is null.
        """
        return bool(self.binder.constant(require_value(value, path)))


@singledispatch
def plan_filter(field: Field, planner: FilterPlanner, value: object, path: str) -> Predicate:
    """Return the predicate of a filter on a field.

    Args:
        field: The field.
        planner: The planner of the root field.
        value: The value of the field's filter input.
        path: The path of the filter, for error messages.

    Raises:
        BadUserInputError: A value is not of the expected type.
        ForbiddenError: The caller cannot read what the filter uses.
    """
    raise NotImplementedError(f"No filter on {type(field).__name__}.")


@plan_filter.register
def _(field: ScalarField, planner: FilterPlanner, value: object, path: str) -> Predicate:
    return planner.plan_operators(field, value, path)


@plan_filter.register
def _(field: CompositeField, planner: FilterPlanner, value: object, path: str) -> Predicate:
    def plan_entry(name: str, operand: object, path: str) -> Predicate:
        if name == "isNull":
            return IsNull(field.stored_columns, planner.require_boolean(operand, path))
        return planner.plan_operators(field.parts[name], operand, path)

    return all_of(*(plan_entry(name, operand, f"{path}.{name}") for name, operand in entries(value)))


@plan_filter.register
def _(field: Relation, planner: FilterPlanner, value: object, path: str) -> Predicate:
    planner.grants.require_read(planner.catalog[field.target])
    return all_of(*(planner.plan_related(field, name, where, path) for name, where in entries(value)))


@plan_filter.register
def _(field: ExternalRefsField, planner: FilterPlanner, value: object, path: str) -> Predicate:
    entity = planner.catalog[field.entity]
    return all_of(
        *(planner.plan_external_ref(entity, name, where, f"{path}.{name}") for name, where in entries(value))
    )


def require_value(value: object, path: str) -> object:
    """Return the value of an operator.

    Raises:
        BadUserInputError: The value is null, to which no comparison applies.
    """
    if (value.value if isinstance(value, Variable) else value) is None:
        raise BadUserInputError(
            f"{path} is null, to which nothing is equal.", "Use isNull: true to find null values."
        )
    return value


def entries(value: object) -> list[tuple[str, object]]:
    """Return the entries of an input object; an entry that is null counts as not given."""
    return [(name, inner) for name, inner in cast(Where, value or {}).items() if inner is not None]


def _list(value: object) -> list[object]:
    return cast(list[object], value)


def _mentions_deletion(where: object) -> bool:
    """Return whether a filter has a condition on `deletedAt`, outside of filters on related records."""

    def mentions(name: str, value: object) -> bool:
        if name in ("and", "or"):
            return any(_mentions_deletion(part) for part in _list(value))
        return _mentions_deletion(value) if name == "not" else name == "deletedAt" and bool(value)

    return any(mentions(name, value) for name, value in entries(where))
