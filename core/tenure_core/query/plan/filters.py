"""Filters: from `where` arguments to predicates.

Every filter is either true or not: an empty value fulfils no comparison, and `not` turns that into true. So
`ne` is the opposite of `eq`, and `notIn` of `in`, for empty values, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from tenure_core.access.grants import Grants
from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToMany, ToOne
from tenure_core.catalog.external_refs import REF_FIELDS
from tenure_core.entities.scalar_types import FLOAT, JSON, STRING, STRING_LIST
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.filter_limits import FilterLimits
from tenure_core.query.plan.predicates import (
    And,
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
)
from tenure_core.query.request import Variable, constant

Where = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FilterPlanner:
    """Plans filters.

    Args:
        catalog: What there is.
        grants: What of it may be read.
        binder: Where the values go.
        limits: How large the filters of one root field may become.
    """

    catalog: Catalog
    grants: Grants
    binder: Binder
    limits: FilterLimits

    def scope(self, entity: EntityInfo, where: object, path: str) -> Predicate:
        """Return the predicate of a list: the given filter, and that records are not deleted.

        Deleted records are left out unless the filter itself speaks of `deletedAt`.

        Raises:
            BadUserInputError: A value is of the wrong kind.
            ForbiddenError: The entity, or a related one that the filter looks at, may not be read.
        """
        self.grants.require_read(entity)
        condition = self._where(entity, where, path)
        return condition if _mentions_deletion(where) else all_of(not_deleted(entity), condition)

    def _where(self, entity: EntityInfo, where: object, path: str) -> Predicate:
        with self.limits.nested(path):
            return all_of(
                *(self._entry(entity, name, value, f"{path}.{name}") for name, value in _entries(where))
            )

    def _entry(self, entity: EntityInfo, name: str, value: object, path: str) -> Predicate:
        self.limits.count(path)
        match name:
            case "and":
                return all_of(*(self._where(entity, part, path) for part in _parts(value)))
            case "or":
                return Or(tuple(self._where(entity, part, path) for part in _parts(value)))
            case "not":
                return Not(self._where(entity, value, path))
            case "search":
                return Search(self.binder.add(STRING, require_value(value, path), path))
            case "externalRefs":
                quantified = (
                    self.by_external_ref(entity, quantifier, where, f"{path}.{quantifier}")
                    for quantifier, where in _entries(value)
                )
                return all_of(*quantified)
        field = entity.fields[name]
        if isinstance(field, ScalarField):
            self.grants.require_field(field)
            return self.operators(field, value, path)
        if isinstance(field, CompositeField):
            return self._composite(field, value, path)
        return self._related(field, value, path)

    def _composite(self, field: CompositeField, value: object, path: str) -> Predicate:
        def part(name: str, inner: object) -> Predicate:
            if name == "isNull":
                return IsNull(
                    tuple(p.column for p in field.parts.values()), _require_boolean(inner, f"{path}.{name}")
                )
            return self.operators(field.parts[name], inner, f"{path}.{name}")

        return all_of(*(part(name, inner) for name, inner in _entries(value)))

    def by_external_ref(
        self, entity: EntityInfo, quantifier: str, where: object, path: str
    ) -> ExternalRefMatch:
        """Return the predicate on a record's keys in other systems.

        Args:
            entity: Whose record.
            quantifier: "some", "none" or "every".
            where: The operators for each field of a key.
            path: Where it stands, for messages.
        """
        parts = (self.operators(REF_FIELDS[name], inner, f"{path}.{name}") for name, inner in _entries(where))
        return ExternalRefMatch(entity, quantifier, all_of(*parts))

    def _related(self, relation: ToOne | ToMany, value: object, path: str) -> Predicate:
        target = self.catalog[relation.target]
        self.grants.require_read(target)

        def quantified(quantifier: str, where: object) -> Predicate:
            with self.limits.related(path):
                condition = self._where(target, where, f"{path}.{quantifier}")
            scope = And(()) if _mentions_deletion(where) else not_deleted(target)
            return RelationMatch(relation, target, quantifier, scope, condition)

        return all_of(*(quantified(name, where) for name, where in _entries(value)))

    def operators(self, field: ScalarField, value: object, path: str) -> Predicate:
        """Return the predicate of one field's operators, all of which must hold."""
        plan = {JSON: self._json_operator, STRING_LIST: self._list_operator}.get(
            field.scalar_type, self._operator
        )
        return all_of(
            *(plan(field, name, inner, f"{path}.{name}") for name, inner in cast(Where, value).items())
        )

    def _operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "isNull":
            return IsNull((field.column,), _require_boolean(value, path))
        param = self.binder.add(
            field.scalar_type, require_value(value, path), path, many=name in ("in", "notIn")
        )
        return Compare(field.column, name, param)

    def _list_operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "isEmpty":
            return Compare(
                field.column,
                "isEmpty" if _require_boolean(value, path) else "isNotEmpty",
                self.binder.add(STRING_LIST, [], path),
            )
        if name == "has":
            return Compare(field.column, name, self.binder.add(STRING, require_value(value, path), path))
        return Compare(
            field.column, name, self.binder.add(STRING, require_value(value, path), path, many=True)
        )

    def _json_operator(self, field: ScalarField, name: str, value: object, path: str) -> Predicate:
        if name == "at":
            return self._json_place(field, cast(Where, require_value(value, path)), path)
        kind = STRING if name == "hasKey" else JSON
        return Compare(field.column, name, self.binder.add(kind, require_value(value, path), path))

    def _json_place(self, field: ScalarField, value: Where, path: str) -> Predicate:
        place = self.binder.add(STRING, value["path"], f"{path}.path", many=True)

        def part(name: str, inner: object) -> Predicate:
            where = f"{path}.{name}"
            if name == "isNull":
                return JsonIsNull(field.column, place, _require_boolean(inner, where))
            kind = FLOAT if name in ("lt", "lte", "gt", "gte") else JSON
            return CompareJson(
                field.column,
                place,
                name,
                self.binder.add(kind, require_value(inner, where), where, many=name == "in"),
            )

        return all_of(*(part(name, inner) for name, inner in value.items() if name != "path"))


def all_of(*parts: Predicate) -> Predicate:
    """Return the predicate that holds where all of the parts do."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def not_deleted(entity: EntityInfo) -> Predicate:
    """Return the predicate that holds for records that are not deleted."""
    return IsNull((entity.table.c.deleted_at,), True)


def require_value(value: object, path: str) -> object:
    """Return an operator's value.

    Raises:
        BadUserInputError: It is null, which no comparison can mean.
    """
    if (value.value if isinstance(value, Variable) else value) is None:
        raise BadUserInputError(
            f"{path} is null, which nothing equals.", "To look for empty values use isNull: true."
        )
    return value


def _require_boolean(value: object, path: str) -> bool:
    return bool(constant(require_value(value, path)))


def _entries(where: object) -> list[tuple[str, object]]:
    """A filter's entries; one that is null is as good as left out."""
    return [(name, value) for name, value in cast(Where, where or {}).items() if value is not None]


def _parts(value: object) -> list[object]:
    return cast(list[object], value)


def _mentions_deletion(where: object) -> bool:
    def inside(name: str, value: object) -> bool:
        if name in ("and", "or"):
            return any(_mentions_deletion(part) for part in _parts(value))
        return _mentions_deletion(value) if name == "not" else name == "deletedAt" and bool(value)

    return any(inside(name, value) for name, value in _entries(where))
