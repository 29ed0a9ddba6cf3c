"""Reading the change feed without the API: pages as plain Python, and a copy that is kept by them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.changes.snapshot_export import export
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


def selected(*names: str, **nested: Sequence[str]) -> tuple[SelectedField, ...]:
    """Return fields as they are asked, some with fields of their own."""
    plain = tuple(SelectedField(name, name, {}, ()) for name in names)
    return plain + tuple(SelectedField(name, name, {}, selected(*inner)) for name, inner in nested.items())


PAGE = selected(edges=EDGE, pageInfo=PAGE_INFO)


@dataclass(frozen=True)
class Feed:
    """The feed of one tenant."""

    database: Database
    catalog: Catalog
    actor: Actor

    async def page(self, **arguments: object) -> Any:
        """Return one page, asked with the given arguments."""
        asked = SelectedField("changes", "changes", arguments, PAGE)
        planned = plan(asked, self.catalog, authorize(self.actor, self.catalog))
        statement = compile(planned.plan), bind_values(planned.binds, {})
        [found] = await execute(self.database, self.actor.tenant_id, [statement])
        return orjson.loads(found)

    async def rest(self, after: str | None = None, **arguments: object) -> list[Any]:
        """Return every change after a cursor, read page by page."""
        edges: list[Any] = []
        while True:
            page = await self.page(after=after, **arguments)
            edges += page["edges"]
            assert page["pageInfo"]["endCursor"] != after or not page["pageInfo"]["hasNextPage"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return edges

    async def export(self) -> AsyncIterator[Any]:
        """Yield the lines of an export of everything."""
        entities = list(self.catalog.entities.values())
        async for lines in export(self.database, self.actor.tenant_id, entities):
            for line in lines.splitlines():
                yield orjson.loads(line)


@dataclass
class Copy:
    """What somebody knows who follows the feed: every living record by its id, and all versions.

    Args:
        whole: Whether it was begun with the first change. One that was begun with a snapshot knows nothing of
            the records that were deleted at that time.
    """

    whole: bool = True
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def load(self, line: Any) -> None:
        """Take in a record of an export."""
        assert line["id"] not in self.records
        self.records[line["id"]] = line["data"]
        self.versions[line["id"]] = line["version"]

    def apply(self, change: Any) -> None:
        """Make a change again as a client would; its version must be the next one of the record."""
        identity, version, operation = change["id"], change["version"], change["operation"]
        known = self.versions.get(identity)
        if known is None and not self.whole and operation != "CREATE":
            assert operation in ("RESTORE", "UPDATE", "PURGE")
        else:
            assert version == (known or 0) + 1, (change, known)
        self.versions[identity] = version
        match operation:
            case "CREATE" | "RESTORE":
                assert identity not in self.records
                self.records[identity] = change["after"]
            case "UPDATE" if identity in self.records:
                assert change["before"].items() <= self.records[identity].items()
                self.records[identity] |= change["after"]
            case "DELETE" | "PURGE":
                assert self.records.pop(identity, change["before"]) == change["before"]
        if self.whole:
            self._refuse_dangling(self.records.get(identity, {}))

    def _refuse_dangling(self, record: dict[str, Any]) -> None:
        for name in ("account", "parent"):
            if referred := record.get(name):
                assert referred["id"] in self.versions, f"what {name} refers to comes later"
