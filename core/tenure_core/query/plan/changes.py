"""Plans the change feed, the history of a record, and the snapshot export."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

from tenure_core.access.grants import Grants
from tenure_core.access.visibility import visible, visible_rows
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.entities.scalar_types import STRING
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.change_cursors import CHANGE_CURSOR, HISTORY_CURSOR, START
from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, Export, Feed, History
from tenure_core.query.plan.nodes import NamedField, PageInfo, TypeName
from tenure_core.query.plan.selections import plan_named_fields, plan_selections
from tenure_core.query.plan.sizes import CHANGE_COUNT
from tenure_core.query.request import SelectedField

if TYPE_CHECKING:
    from tenure_core.query.plan.records import RecordPlanner

EXPORT_PATH = "/export"
"""The path of the snapshot export over HTTP."""


def plan_feed(records: RecordPlanner, field: SelectedField) -> Feed:
    """Return the plan of a page of the change feed, without entities that the caller cannot read.

    Raises:
        BadUserInputError: The size is out of range, the cursor is invalid, or an entity does not exist.
        ForbiddenError: The caller cannot read one of the given entities.
    """
    arguments, binder = field.arguments, records.binder
    entities = resolve_entities(_read_names(records, field, "entities"), records.catalog, records.grants)
    after, origin = arguments.get("after"), arguments.get("excludeOrigin")
    return Feed(
        _plan_size(records, field),
        binder.add(CHANGE_CURSOR, START if after is None else after, f"{field.name}.after"),
        after is not None,
        visible_rows(entities, records.grants, include_deleted=True),
        _sort_operations(_read_names(records, field, "operations")),
        None if origin is None else binder.add(STRING, origin, f"{field.name}.excludeOrigin"),
        _plan_connection(records, field, entities),
    )


def plan_history(records: RecordPlanner, entity: EntityInfo, field: SelectedField, path: str) -> History:
    """Return the plan of a page of a record's history.

    Raises:
        BadUserInputError: The size is out of range, or the cursor is invalid.
    """
    after = field.arguments.get("after")
    position = None if after is None else records.binder.add(HISTORY_CURSOR, after, f"{path}.after")
    outputs = _plan_connection(records, field, [entity])
    return History(field.key, entity, _plan_size(records, field), position, outputs)


def plan_export(records: RecordPlanner, field: SelectedField) -> Export:
    """Return the plan of the address of a snapshot export.

    Raises:
        BadUserInputError: An entity does not exist, or the list of entities is empty.
        ForbiddenError: The caller cannot read one of the entities.
    """
    entities = resolve_entities(_read_names(records, field, "entities"), records.catalog, records.grants)
    if not entities:
        raise BadUserInputError("entities is an empty list.", "Omit it to export all entities.")
    url = f"{EXPORT_PATH}?entities={','.join(entity.name for entity in entities)}"
    return Export(url, plan_named_fields(field.fields, "Snapshot"))


def resolve_entities(names: Iterable[str] | None, catalog: Catalog, grants: Grants) -> list[EntityInfo]:
    """Return the entities of the given names, in the order of the catalog.

    Args:
        names: The names; None for all entities that the caller can read.
        catalog: The catalog.
        grants: The grants of the caller.

    Raises:
        BadUserInputError: An entity does not exist.
        ForbiddenError: The caller cannot read one of the given entities.
    """
    if names is None:
        return [entity for entity in catalog.entities.values() if grants.may_read(entity)]
    requested = set(names)
    if unknown := sorted(requested - catalog.entities.keys()):
        raise BadUserInputError(
            f"There is no entity {unknown[0]!r}.", f"The entities are {', '.join(catalog.entities)}."
        )
    entities = [entity for entity in catalog.entities.values() if entity.name in requested]
    for entity in entities:
        grants.require_read(entity)
    return entities


def _read_names(records: RecordPlanner, field: SelectedField, argument: str) -> set[str] | None:
    constant = records.binder.constant
    names = cast(list[object] | None, constant(field.arguments.get(argument)))
    return None if names is None else {str(constant(name)) for name in names}


def _sort_operations(names: set[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return tuple(operation.value for operation in ChangeOperation if operation.value in names)


def _plan_size(records: RecordPlanner, field: SelectedField) -> int:
    return CHANGE_COUNT.parse(records.binder.constant(field.arguments.get("first")), f"{field.name}.first")


def _plan_connection(
    records: RecordPlanner, field: SelectedField, entities: list[EntityInfo]
) -> tuple[ChangeEdges | PageInfo | TypeName, ...]:
    def plan_field(selected: SelectedField) -> ChangeEdges | PageInfo:
        if selected.name == "edges":
            plan_edge = partial(_plan_edge_field, records, entities)
            return ChangeEdges(selected.key, plan_selections(selected.fields, "ChangeEdge", plan_edge))
        return PageInfo(selected.key, plan_named_fields(selected.fields, "PageInfo"))

    return plan_selections(field.fields, "ChangeConnection", plan_field)


def _plan_edge_field(
    records: RecordPlanner, entities: list[EntityInfo], field: SelectedField
) -> NamedField | ChangedRecord:
    if field.name != "node":
        return NamedField(field.key, field.name)
    nodes = ((visible(e, records.grants), records.plan_possible_node(e, field)) for e in entities)
    return ChangedRecord(field.key, tuple(nodes))
