"""The planner: from one root field of a request to its plan and its values."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import cast

from tenure_core.access.grants import TenantGrants
from tenure_core.catalog.catalog import Catalog, CompositeField, EntityInfo, ScalarField, ToMany, ToOne
from tenure_core.catalog.external_refs import BY_EXTERNAL_REF, EXTERNAL_REFS, REF_FIELDS
from tenure_core.entities.scalar_types import ID
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.aggregates import AggregatePlanner
from tenure_core.query.plan.binds import Bind, Binder
from tenure_core.query.plan.changes import CHANGES, HISTORY, SNAPSHOT, ChangePlanner
from tenure_core.query.plan.filter_limits import FilterLimits
from tenure_core.query.plan.filters import FilterPlanner, not_deleted
from tenure_core.query.plan.nodes import (
    BatchValue,
    CompositeValue,
    Connection,
    ConnectionOutput,
    Edges,
    ExternalRefs,
    Node,
    NodeList,
    Output,
    PageInfo,
    Plan,
    RecordById,
    RecordsById,
    ToManyAggregation,
    ToManyConnection,
    ToOneNode,
    TotalCount,
    TypeName,
    Value,
)
from tenure_core.query.plan.paging import MAX_PAGE, page_of
from tenure_core.query.plan.placeholders import TYPE_MARKER, has_placeholders
from tenure_core.query.plan.predicates import And, Compare, Predicate
from tenure_core.query.request import SelectedField, constant

AGGREGATE = "Aggregate"
"""What the name of a list becomes the name of its aggregates by."""

TYPE_NAME = "__typename"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, with the values that it leaves out.

    Args:
        plan: What is asked.
        binds: Its values, in order.
    """

    plan: Plan
    binds: tuple[Bind, ...]


def plan(field: SelectedField, catalog: Catalog, authorized: TenantGrants) -> Planned:
    """Return the plan of one root field.

    Args:
        field: The root field as it was asked.
        catalog: What there is.
        authorized: What of it the actor may read.

    Raises:
        BadUserInputError: An argument's value means nothing.
        ForbiddenError: Something asked for may not be read.
    """
    planner = _Planner.of(catalog, authorized)
    return Planned(planner.root(field), tuple(planner.binder.binds))


def plan_records(
    field: SelectedField, entity: EntityInfo, ids: list[uuid.UUID], catalog: Catalog, authorized: TenantGrants
) -> Planned:
    """Return the plan of records just written, deleted ones included: a list in the order of their ids.

    Args:
        field: What is asked of each.
        entity: Whose records.
        ids: Which ones.
        catalog: What there is.
        authorized: What of it the actor may read.
    """
    planner = _Planner.of(catalog, authorized)
    found = planner.binder.add(ID, ids, field.name, many=True)
    planned = RecordsById(found, ((And(()), planner.node(entity, field.fields, field.name)),))
    return Planned(planned, tuple(planner.binder.binds))


def plan_references(
    field: SelectedField,
    entity: EntityInfo,
    ids: list[uuid.UUID],
    catalog: Catalog,
    authorized: TenantGrants,
    *,
    deleted: bool = False,
) -> Planned:
    """Return the plan of records that a plugin's code refers to: a list in the order of their ids.

    Args:
        field: What is asked of each.
        entity: Whose records.
        ids: Which ones.
        catalog: What there is.
        authorized: What of it the actor may read.
        deleted: Whether deleted ones may be seen.

    Raises:
        ForbiddenError: They, or something asked for, may not be read.
    """
    authorized.grants.require_read(entity)
    planner = _Planner.of(catalog, authorized)
    found = planner.binder.add(ID, ids, field.name, many=True)
    scope = And(()) if deleted else not_deleted(entity)
    planned = RecordsById(found, ((scope, planner.node(entity, field.fields, field.name)),))
    return Planned(planned, tuple(planner.binder.binds))


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans one root field: resolves names, asks the grants, and puts values into the binder."""

    catalog: Catalog
    authorized: TenantGrants
    binder: Binder
    filters: FilterPlanner
    aggregates: AggregatePlanner

    @classmethod
    def of(cls, catalog: Catalog, authorized: TenantGrants) -> _Planner:
        binder = Binder()
        filters = FilterPlanner(catalog, authorized.grants, binder, FilterLimits())
        return cls(catalog, authorized, binder, filters, AggregatePlanner(catalog, binder, filters))

    def root(self, field: SelectedField) -> Plan:
        if field.name in ("node", "nodes"):
            return self._lookup(field)
        if field.name == CHANGES:
            return self._changes().feed(field)
        if field.name == SNAPSHOT:
            return self._changes().export(field)
        if entity := self.catalog.by_singular.get(field.name):
            return self._single(entity, field)
        if entity := self.catalog.by_singular.get(field.name.removesuffix(BY_EXTERNAL_REF)):
            return self._by_external_ref(entity, field)
        if entity := self.catalog.by_plural.get(field.name):
            return self._connection(entity, None, field, field.name)
        entity = self.catalog.by_plural[field.name.removesuffix(AGGREGATE)]
        return self.aggregates.aggregation(entity, None, field, self.node)

    def _changes(self) -> ChangePlanner:
        return ChangePlanner(self.catalog, self.authorized.grants, self.binder, self._possible)

    def _single(self, entity: EntityInfo, field: SelectedField) -> RecordById:
        self.authorized.grants.require_read(entity)
        wanted = self.binder.add(ID, field.arguments["id"], f"{field.name}.id")
        where = And((Compare(entity.id.column, "eq", wanted), not_deleted(entity)))
        return RecordById(where, self.node(entity, field.fields, field.name))

    def _by_external_ref(self, entity: EntityInfo, field: SelectedField) -> RecordById:
        self.authorized.grants.require_read(entity)
        named = {name: {"eq": field.arguments[name]} for name in ("system", "externalId")}
        where = And((self.filters.by_external_ref(entity, "some", named, field.name), not_deleted(entity)))
        return RecordById(where, self.node(entity, field.fields, field.name))

    def _lookup(self, field: SelectedField) -> RecordsById:
        many = field.name == "nodes"
        value = constant(field.arguments["ids"]) if many else field.arguments["id"]
        if many and len(cast(list[object], value)) > MAX_PAGE:
            raise BadUserInputError(f"nodes.ids has more than {MAX_PAGE} ids.", "Ask in several requests.")
        param = self.binder.add(ID, value, f"{field.name}.{'ids' if many else 'id'}", many=many)
        readable = [e for e in self.catalog.entities.values() if self.authorized.grants.may_read(e)]
        return RecordsById(param, tuple((not_deleted(e), self._possible(e, field)) for e in readable))

    def _possible(self, entity: EntityInfo, field: SelectedField) -> Node:
        node = self.node(entity, tuple(f for f in field.fields if f.on == entity.name), field.name)
        if has_placeholders(node):
            return replace(node, outputs=(*node.outputs, TypeName(TYPE_MARKER, entity.name)))
        return node

    def node(self, entity: EntityInfo, fields: tuple[SelectedField, ...], path: str) -> Node:
        """Return the plan of one record as an object."""
        return Node(entity, tuple(self._output(entity, f, f"{path}.{f.name}") for f in fields))

    def _output(self, entity: EntityInfo, field: SelectedField, path: str) -> Output:
        if field.name == TYPE_NAME:
            return TypeName(field.key, entity.name)
        known = entity.fields.get(field.name)
        if isinstance(known, ScalarField):
            self.authorized.grants.require_field(known)
            return Value(field.key, known.column)
        if isinstance(known, CompositeField):
            return _parts(known, field)
        if isinstance(known, ToOne):
            return self._one(known, field, path)
        if isinstance(known, ToMany):
            return ToManyConnection(
                field.key, self._connection(self.catalog[known.target], known, field, path)
            )
        if coded := entity.batch_fields.get(field.name):
            self.authorized.grants.require_field(coded)
            return BatchValue(field.key, coded)
        if field.name == EXTERNAL_REFS:
            return _external_refs(entity, field)
        if field.name == HISTORY:
            return self._changes().history(entity, field, path)
        relation = cast(ToMany, entity.fields[field.name.removesuffix(AGGREGATE)])
        target = self.catalog[relation.target]
        return ToManyAggregation(field.key, self.aggregates.aggregation(target, relation, field, self.node))

    def _one(self, relation: ToOne, field: SelectedField, path: str) -> ToOneNode:
        target = self.catalog[relation.target]
        self.authorized.grants.require_read(target)
        return ToOneNode(field.key, relation, not_deleted(target), self.node(target, field.fields, path))

    def _connection(
        self, entity: EntityInfo, relation: ToMany | None, field: SelectedField, path: str
    ) -> Connection:
        where: Predicate = self.filters.scope(entity, field.arguments.get("where"), f"{path}.where")
        page = page_of(entity, self.catalog, self.authorized.grants, field.arguments, self.binder, path)
        outputs = tuple(self._connection_output(entity, f, path) for f in field.fields)
        return Connection(entity, relation, where, page, outputs)

    def _connection_output(self, entity: EntityInfo, field: SelectedField, path: str) -> ConnectionOutput:
        match field.name:
            case "nodes":
                return NodeList(field.key, self.node(entity, field.fields, path))
            case "edges":
                return Edges(field.key, tuple(self._edge_output(entity, f, path) for f in field.fields))
            case "pageInfo":
                return PageInfo(field.key, tuple(_named(f, "PageInfo") for f in field.fields))
            case "totalCount":
                return TotalCount(field.key)
        return TypeName(field.key, f"{entity.name}Connection")

    def _edge_output(
        self, entity: EntityInfo, field: SelectedField, path: str
    ) -> tuple[str, Node | None] | TypeName:
        if field.name == TYPE_NAME:
            return TypeName(field.key, f"{entity.name}Edge")
        return field.key, (self.node(entity, field.fields, path) if field.name == "node" else None)


def _named(field: SelectedField, owner: str) -> tuple[str, str] | TypeName:
    return TypeName(field.key, owner) if field.name == TYPE_NAME else (field.key, field.name)


def _external_refs(entity: EntityInfo, field: SelectedField) -> ExternalRefs:
    outputs = tuple(
        TypeName(f.key, "ExternalRef") if f.name == TYPE_NAME else Value(f.key, REF_FIELDS[f.name].column)
        for f in field.fields
    )
    return ExternalRefs(field.key, entity, outputs)


def _parts(known: CompositeField, field: SelectedField) -> CompositeValue:
    outputs = tuple(
        TypeName(f.key, known.type_name) if f.name == TYPE_NAME else Value(f.key, known.parts[f.name].column)
        for f in field.fields
    )
    return CompositeValue(field.key, tuple(p.column for p in known.parts.values()), outputs)
