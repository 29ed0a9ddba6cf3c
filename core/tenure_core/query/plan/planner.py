"""Plans root fields: resolves names, checks grants, and separates the values of the request from the plan."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from tenure_core.access.grants import Grants
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.predicates import Compare, Predicate, all_of
from tenure_core.catalog.root_fields import RootFieldKind
from tenure_core.entities.scalar_types import ID
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.aggregates import plan_aggregation
from tenure_core.query.plan.binds import Bind
from tenure_core.query.plan.changes import plan_export, plan_feed
from tenure_core.query.plan.nodes import Plan, RecordById, RecordsById
from tenure_core.query.plan.records import RecordPlanner
from tenure_core.query.plan.sizes import PAGE_SIZE
from tenure_core.query.request import SelectedField, ShapeDependency


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the values that it does not contain.

    Args:
        plan: The plan.
        binds: The values, in order.
        dependencies: The properties of variables for which the plan is valid.
    """

    plan: Plan
    binds: tuple[Bind, ...]
    dependencies: frozenset[ShapeDependency]


def plan(field: SelectedField, catalog: Catalog, grants: Grants) -> Planned:
    """Return the plan of a root field.

    Args:
        field: The root field.
        catalog: The catalog.
        grants: The grants of the caller.

    Raises:
        BadUserInputError: An argument is invalid.
        ForbiddenError: The caller cannot read what is selected.
    """
    planner = RecordPlanner.create(catalog, grants)
    return _build_result(_plan_root(planner, field), planner)


def plan_records(
    field: SelectedField,
    entity: EntityInfo,
    ids: list[uuid.UUID],
    catalog: Catalog,
    grants: Grants,
    *,
    include_deleted: bool = False,
) -> Planned:
    """Return the plan of records that a mutation wrote or a resolver of a plugin returned.

    Args:
        field: The field of the payload or of the resolver.
        entity: The entity of the records.
        ids: The ids of the records; the response has the same order.
        catalog: The catalog.
        grants: The grants of the caller.
        include_deleted: Whether deleted records are included.

    Raises:
        ForbiddenError: The caller cannot read the entity, or what is selected.
    """
    grants.require_read(entity)
    planner = RecordPlanner.create(catalog, grants)
    param = planner.binder.add(ID, ids, field.name, many=True)
    scope = visible(entity, grants, include_deleted=include_deleted)
    node = planner.plan_node(entity, field.fields, field.name)
    return _build_result(RecordsById(param, ((scope, node),)), planner)


def _build_result(plan: Plan, planner: RecordPlanner) -> Planned:
    return Planned(plan, tuple(planner.binder.binds), frozenset(planner.binder.dependencies))


def _plan_root(planner: RecordPlanner, field: SelectedField) -> Plan:
    root = planner.catalog.root_fields[field.name]
    match root.kind:
        case RootFieldKind.NODE | RootFieldKind.NODES:
            return _plan_any_records(planner, field, many=root.kind is RootFieldKind.NODES)
        case RootFieldKind.CHANGES:
            return plan_feed(planner, field)
        case RootFieldKind.SNAPSHOT:
            return plan_export(planner, field)
    entity = planner.catalog[root.entity]
    match root.kind:
        case RootFieldKind.RECORD:
            return _plan_record(planner, entity, field)
        case RootFieldKind.RECORD_BY_EXTERNAL_REF:
            return _plan_record_by_external_ref(planner, entity, field)
        case RootFieldKind.CONNECTION:
            return planner.plan_connection(entity, None, field, field.name)
        case RootFieldKind.AGGREGATE:
            return plan_aggregation(planner, entity, None, field)
    raise ValueError(f"{root.name} is not a query.")


def _plan_record(planner: RecordPlanner, entity: EntityInfo, field: SelectedField) -> RecordById:
    planner.grants.require_read(entity)
    param = planner.binder.add(ID, field.arguments["id"], f"{field.name}.id")
    return _plan_visible_record(planner, entity, field, Compare(entity.id.column, "eq", param))


def _plan_record_by_external_ref(
    planner: RecordPlanner, entity: EntityInfo, field: SelectedField
) -> RecordById:
    planner.grants.require_read(entity)
    where = {name: {"eq": field.arguments[name]} for name in ("system", "externalId")}
    match = planner.filters.plan_external_ref(entity, "some", where, field.name)
    return _plan_visible_record(planner, entity, field, match)


def _plan_visible_record(
    planner: RecordPlanner, entity: EntityInfo, field: SelectedField, condition: Predicate
) -> RecordById:
    where = all_of(condition, visible(entity, planner.grants))
    return RecordById(where, planner.plan_node(entity, field.fields, field.name))


def _plan_any_records(planner: RecordPlanner, field: SelectedField, *, many: bool) -> RecordsById:
    value = planner.binder.constant(field.arguments["ids"]) if many else field.arguments["id"]
    if many and len(cast(list[object], value)) > PAGE_SIZE.maximum:
        raise BadUserInputError(
            f"nodes.ids contains more than {PAGE_SIZE.maximum} ids.", "Send several requests."
        )
    param = planner.binder.add(ID, value, f"{field.name}.{'ids' if many else 'id'}", many=many)
    entities = (e for e in planner.catalog.entities.values() if planner.grants.may_read(e))
    return RecordsById(
        param, tuple((visible(e, planner.grants), planner.plan_possible_node(e, field)) for e in entities)
    )
