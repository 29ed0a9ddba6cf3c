"""Reads the change feed without the API, and maintains a copy of the records from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import visible_rows
from tenure_core.catalog.catalog import Catalog
from tenure_core.changes.snapshot_export import export_records
from tenure_core.postgres.database import Database
from tenure_core.query.execute import execute
from tenure_core.query.plan import bind_values, plan
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile

EDGE = (
    "cursor", "entity", "id", "operation", "changedFields", "before", "after",
    "version", "actor", "origin", "transactionId", "occurredAt",
)  # fmt: skip
PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")


def select_fields(*names: str, **nested: Sequence[str]) -> tuple[SelectedField, ...]:
    """Return selected fields, with nested fields as keyword arguments."""
    plain = tuple(SelectedField(name, name, {}, ()) for name in names)
    return plain + tuple(
        SelectedField(name, name, {}, select_fields(*inner)) for name, inner in nested.items()
    )


PAGE = select_fields(edges=EDGE, pageInfo=PAGE_INFO)


@dataclass(frozen=True)
class Feed:
    """The feed of one tenant."""

    database: Database
    catalog: Catalog
    actor: Actor

    async def page(self, **arguments: object) -> Any:
        """Return one page."""
        field = SelectedField("changes", "changes", arguments, PAGE)
        planned = plan(field, self.catalog, authorize(self.actor, self.catalog))
        statement = compile(planned.plan), bind_values(planned.binds, {})
        [body] = await execute(self.database, self.actor, [statement])
        return orjson.loads(body)

    async def rest(self, after: str | None = None, **arguments: object) -> list[Any]:
        """Return all changes after a cursor."""
        edges: list[Any] = []
        while True:
            page = await self.page(after=after, **arguments)
            edges += page["edges"]
            assert page["pageInfo"]["endCursor"] != after or not page["pageInfo"]["hasNextPage"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return edges

    async def export(self) -> AsyncIterator[Any]:
        """Yield the lines of an export of all entities."""
        rows = visible_rows(self.catalog.entities.values(), authorize(self.actor, self.catalog))
        async for lines in export_records(self.database, self.actor, rows):
            for line in lines.splitlines():
                yield orjson.loads(line)


@dataclass
class Copy:
    """The records and versions of a consumer of the feed, by id.

    Args:
        complete: Whether the copy starts with the first change. A copy that starts with a snapshot does not
            contain the records that were deleted before.
    """

    complete: bool = True
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def load(self, line: Any) -> None:
        """Add a record of an export."""
        assert line["id"] not in self.records
        self.records[line["id"]] = line["data"]
        self.versions[line["id"]] = line["version"]

    def apply(self, change: Any) -> None:
        """Apply a change; check that its version is the next version of the record."""
        id_, version, operation = change["id"], change["version"], change["operation"]
        previous = self.versions.get(id_)
        if previous is None and not self.complete and operation != "CREATE":
            assert operation in ("RESTORE", "UPDATE", "PURGE")
        else:
            assert version == (previous or 0) + 1, (change, previous)
        self.versions[id_] = version
        match operation:
            case "CREATE" | "RESTORE":
                assert id_ not in self.records
                self.records[id_] = change["after"]
            case "UPDATE" if id_ in self.records:
                assert change["before"].items() <= self.records[id_].items()
                self.records[id_] |= change["after"]
            case "DELETE" | "PURGE":
                assert self.records.pop(id_, change["before"]) == change["before"]
        if self.complete:
            self._check_references(self.records.get(id_, {}))

    def _check_references(self, record: dict[str, Any]) -> None:
        for name in ("account", "parent"):
            if reference := record.get(name):
                assert reference["id"] in self.versions, f"the change of the {name} is later"
