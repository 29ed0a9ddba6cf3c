"""Plans records and lists of records: each selected field becomes an output of the record's node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

from tenure_core.access.grants import Grants
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.external_refs import REF_FIELDS
from tenure_core.catalog.fields import (
    BatchFieldInfo,
    CompositeField,
    ExternalRefsField,
    Field,
    HistoryField,
    ScalarField,
    ToMany,
    ToManyAggregate,
    ToOneRelation,
)
from tenure_core.query.plan.aggregates import plan_aggregation
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.changes import plan_history
from tenure_core.query.plan.filter_limits import FilterLimits
from tenure_core.query.plan.filters import FilterPlanner
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
    ToManyAggregation,
    ToManyConnection,
    ToOneNode,
    TotalCount,
    TypeName,
    Value,
)
from tenure_core.query.plan.paging import plan_page
from tenure_core.query.plan.placeholders import TYPE_MARKER, has_placeholders
from tenure_core.query.plan.selections import plan_named_fields, plan_selections
from tenure_core.query.request import SelectedField


@dataclass(frozen=True, slots=True)
class RecordPlanner:
    """Plans the records of one root field.

    Args:
        catalog: The catalog.
        grants: The grants of the caller.
        binder: Receives the values of the request.
        filters: Plans `where` arguments.
    """

    catalog: Catalog
    grants: Grants
    binder: Binder
    filters: FilterPlanner

    @classmethod
    def create(cls, catalog: Catalog, grants: Grants) -> RecordPlanner:
        """Return a planner with an empty binder."""
        binder = Binder()
        return cls(catalog, grants, binder, FilterPlanner(catalog, grants, binder, FilterLimits()))

    def plan_node(self, entity: EntityInfo, fields: tuple[SelectedField, ...], path: str) -> Node:
        """Return the plan of a record as an object.

        Args:
            entity: The entity of the record.
            fields: The selected fields.
            path: The path of the record, for error messages.
        """

        def plan_field(selected: SelectedField) -> Output:
            field = entity.fields[selected.name]
            self.grants.require_field(field)
            return plan_output(field, Selection(self, entity, selected, f"{path}.{selected.name}"))

        return Node(entity, plan_selections(fields, entity.name, plan_field))

    def plan_possible_node(self, entity: EntityInfo, field: SelectedField) -> Node:
        """Return the plan of a record that can be of several entities, for one of them."""
        node = self.plan_node(entity, tuple(f for f in field.fields if f.on == entity.name), field.name)
        if has_placeholders(node):
            return replace(node, outputs=(*node.outputs, TypeName(TYPE_MARKER, entity.name)))
        return node

    def plan_connection(
        self, entity: EntityInfo, relation: ToMany | None, field: SelectedField, path: str
    ) -> Connection:
        """Return the plan of a page of a list.

        Args:
            entity: The entity of the records.
            relation: The relation to the records; None for a root field.
            field: The selected field.
            path: The path of the list, for error messages.
        """
        where = self.filters.plan_scope(entity, field.arguments.get("where"), f"{path}.where")
        page = plan_page(self, entity, field.arguments, path)
        outputs = plan_selections(
            field.fields, f"{entity.name}Connection", lambda f: self._plan_connection_field(entity, f, path)
        )
        return Connection(entity, relation, where, page, outputs)

    def _plan_connection_field(self, entity: EntityInfo, field: SelectedField, path: str) -> ConnectionOutput:
        match field.name:
            case "nodes":
                return NodeList(field.key, self.plan_node(entity, field.fields, path))
            case "edges":
                return Edges(field.key, self._plan_edge(entity, field, path))
            case "pageInfo":
                return PageInfo(field.key, plan_named_fields(field.fields, "PageInfo"))
            case _:
                return TotalCount(field.key)

    def _plan_edge(
        self, entity: EntityInfo, field: SelectedField, path: str
    ) -> tuple[tuple[str, Node | None] | TypeName, ...]:
        def plan_field(selected: SelectedField) -> tuple[str, Node | None]:
            is_node = selected.name == "node"
            return selected.key, self.plan_node(entity, selected.fields, path) if is_node else None

        return plan_selections(field.fields, f"{entity.name}Edge", plan_field)


@dataclass(frozen=True, slots=True)
class Selection:
    """A selected field of a record.

    Args:
        planner: The planner of the root field.
        entity: The entity of the record.
        selected: The selection.
        path: The path of the field, for error messages.
    """

    planner: RecordPlanner
    entity: EntityInfo
    selected: SelectedField
    path: str

    @property
    def key(self) -> str:
        """The response key."""
        return self.selected.key


@singledispatch
def plan_output(field: Field, selection: Selection) -> Output:
    """Return the plan of a selected field; `Grants.require_field` has already been called.

    Raises:
        BadUserInputError: An argument is invalid.
        ForbiddenError: The caller cannot read what is selected.
    """
    raise NotImplementedError(f"No plan for {type(field).__name__}.")


@plan_output.register
def _(field: ScalarField, selection: Selection) -> Output:
    return Value(selection.key, field.column)


@plan_output.register
def _(field: CompositeField, selection: Selection) -> Output:
    outputs = plan_selections(
        selection.selected.fields, field.type_name, lambda f: Value(f.key, field.parts[f.name].column)
    )
    return CompositeValue(selection.key, field.stored_columns, outputs)


@plan_output.register
def _(field: BatchFieldInfo, selection: Selection) -> Output:
    return BatchValue(selection.key, field)


@plan_output.register
def _(field: ToOneRelation, selection: Selection) -> Output:
    planner = selection.planner
    target = planner.catalog[field.target]
    planner.grants.require_read(target)
    node = planner.plan_node(target, selection.selected.fields, selection.path)
    return ToOneNode(selection.key, field, visible(target, planner.grants), node)


@plan_output.register
def _(field: ToMany, selection: Selection) -> Output:
    target = selection.planner.catalog[field.target]
    connection = selection.planner.plan_connection(target, field, selection.selected, selection.path)
    return ToManyConnection(selection.key, connection)


@plan_output.register
def _(field: ToManyAggregate, selection: Selection) -> Output:
    target = selection.planner.catalog[field.relation.target]
    aggregation = plan_aggregation(selection.planner, target, field.relation, selection.selected)
    return ToManyAggregation(selection.key, aggregation)


@plan_output.register
def _(field: ExternalRefsField, selection: Selection) -> Output:
    outputs = plan_selections(
        selection.selected.fields, "ExternalRef", lambda f: Value(f.key, REF_FIELDS[f.name].column)
    )
    return ExternalRefs(selection.key, selection.entity, outputs)


@plan_output.register
def _(field: HistoryField, selection: Selection) -> Output:
    return plan_history(selection.planner, selection.entity, selection.selected, selection.path)
