"""Changes: from a `changes` or `history` field to a page of changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tenure_core.access.grants import Grants
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.change_operation import (
    CHANGE_CURSOR,
    EXPORT_PATH,
    HISTORY_CURSOR,
    START,
    ChangeOperation,
)
from tenure_core.entities.scalar_types import STRING
from tenure_core.errors import BadUserInputError
from tenure_core.query.plan.binds import Binder
from tenure_core.query.plan.change_nodes import ChangedRecord, ChangeEdges, ChangeField, Export, Feed, History
from tenure_core.query.plan.filters import not_deleted
from tenure_core.query.plan.nodes import Node, PageInfo, TypeName
from tenure_core.query.request import SelectedField, constant

CHANGES = "changes"
HISTORY = "history"
SNAPSHOT = "snapshot"
"""The fields' names in the API."""

DEFAULT_CHANGES = 100
MAX_CHANGES = 1_000

TYPE_NAME = "__typename"

PlanNode = Callable[[EntityInfo, SelectedField], Node]


@dataclass(frozen=True, slots=True)
class ChangePlanner:
    """Plans pages of changes.

    Args:
        catalog: What there is.
        grants: What of it may be read.
        binder: Where the values go.
        node: Plans a record that may be of several entities.
    """

    catalog: Catalog
    grants: Grants
    binder: Binder
    node: PlanNode

    def feed(self, field: SelectedField) -> Feed:
        """Return the plan of a page of the feed; changes of what may not be read are not in it.

        Raises:
            BadUserInputError: The size is out of range, the cursor is none, or there is no such entity.
            ForbiddenError: An entity that is asked for may not be read.
        """
        arguments = field.arguments
        entities = resolve_entities(arguments.get("entities"), self.catalog, self.grants)
        after, origin = arguments.get("after"), arguments.get("excludeOrigin")
        where = f"{field.name}."
        return Feed(
            _size(field),
            self.binder.add(CHANGE_CURSOR, START if after is None else after, f"{where}after"),
            after is not None,
            tuple(entity.name for entity in entities),
            _operations(arguments.get("operations")),
            None if origin is None else self.binder.add(STRING, origin, f"{where}excludeOrigin"),
            self._outputs(field, entities),
        )

    def history(self, entity: EntityInfo, field: SelectedField, path: str) -> History:
        """Return the plan of a page of a record's history.

        Raises:
            BadUserInputError: The size is out of range, or the cursor is none.
        """
        after = field.arguments.get("after")
        position = None if after is None else self.binder.add(HISTORY_CURSOR, after, f"{path}.after")
        return History(field.key, entity, _size(field), position, self._outputs(field, [entity]))

    def export(self, field: SelectedField) -> Export:
        """Return the plan of the address where an export is had.

        Raises:
            BadUserInputError: There is no entity of one of the names, or there are no names.
            ForbiddenError: One of them may not be read.
        """
        entities = resolve_entities(field.arguments.get("entities"), self.catalog, self.grants)
        if not entities:
            raise BadUserInputError("entities is an empty list.", "Name some, or leave it out to have all.")
        url = f"{EXPORT_PATH}?entities={','.join(entity.name for entity in entities)}"
        return Export(url, tuple(_named(f, "Snapshot") for f in field.fields))

    def _outputs(
        self, field: SelectedField, entities: list[EntityInfo]
    ) -> tuple[ChangeEdges | PageInfo | TypeName, ...]:
        return tuple(self._output(f, entities) for f in field.fields)

    def _output(self, field: SelectedField, entities: list[EntityInfo]) -> ChangeEdges | PageInfo | TypeName:
        if field.name == "edges":
            return ChangeEdges(field.key, tuple(self._edge_output(f, entities) for f in field.fields))
        if field.name == TYPE_NAME:
            return TypeName(field.key, "ChangeConnection")
        return PageInfo(field.key, tuple(_named(f, "PageInfo") for f in field.fields))

    def _edge_output(
        self, field: SelectedField, entities: list[EntityInfo]
    ) -> ChangeField | ChangedRecord | TypeName:
        if field.name == TYPE_NAME:
            return TypeName(field.key, "ChangeEdge")
        if field.name == "node":
            return ChangedRecord(field.key, tuple((not_deleted(e), self.node(e, field)) for e in entities))
        return ChangeField(field.key, field.name)


def resolve_entities(names: object, catalog: Catalog, grants: Grants) -> list[EntityInfo]:
    """Return the entities of a list of names, in the order of the catalog; all that may be read for None.

    Raises:
        BadUserInputError: There is no entity of one of the names.
        ForbiddenError: One of them may not be read.
    """
    if names is None:
        return [entity for entity in catalog.entities.values() if grants.may_read(entity)]
    wanted = {str(constant(name)) for name in cast(list[object], constant(names))}
    if unknown := sorted(wanted - catalog.entities.keys()):
        known = ", ".join(catalog.entities)
        raise BadUserInputError(f"There is no entity {unknown[0]!r}.", f"There are {known}.")
    found = [entity for entity in catalog.entities.values() if entity.name in wanted]
    for entity in found:
        grants.require_read(entity)
    return found


def _operations(names: object) -> tuple[str, ...] | None:
    if names is None:
        return None
    wanted = {str(constant(name)) for name in cast(list[object], constant(names))}
    return tuple(operation.value for operation in ChangeOperation if operation.value in wanted)


def _named(field: SelectedField, owner: str) -> tuple[str, str] | TypeName:
    return TypeName(field.key, owner) if field.name == TYPE_NAME else (field.key, field.name)


def _size(field: SelectedField) -> int:
    value = constant(field.arguments.get("first"))
    if value is None:
        return DEFAULT_CHANGES
    if not isinstance(value, int) or not 1 <= value <= MAX_CHANGES:
        raise BadUserInputError(
            f"{field.name}.first is {value}.", f"A page holds 1 to {MAX_CHANGES} changes."
        )
    return value
