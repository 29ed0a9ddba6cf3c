"""Reading the change feed without the API: pages as plain Python, and a copy that is kept by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenure_core.access import authorize
from tenure_core.catalog import Catalog
from tenure_core.database import Database
from tenure_core.execute import execute
from tenure_core.identity import Actor
from tenure_core.plan import bound, plan
from tenure_core.request import Field
from tenure_core.sql import compile

EDGE = (
    "cursor", "entity", "id", "operation", "changedFields", "before", "after",
    "version", "actor", "origin", "transactionId", "occurredAt",
)  # fmt: skip
PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")


def selected(*names: str, **nested: Sequence[str]) -> tuple[Field, ...]:
    """Return fields as they are asked, some with fields of their own."""
    plain = tuple(Field(name, name, {}, ()) for name in names)
    return plain + tuple(Field(name, name, {}, selected(*inner)) for name, inner in nested.items())


PAGE = selected(edges=EDGE, pageInfo=PAGE_INFO)


@dataclass(frozen=True)
class Feed:
    """The feed of one tenant."""

    database: Database
    catalog: Catalog
    actor: Actor

    async def page(self, **arguments: object) -> Any:
        """Return one page, asked with the given arguments."""
        asked = Field("changes", "changes", arguments, PAGE)
        planned = plan(asked, self.catalog, authorize(self.actor, self.catalog))
        statement = compile(planned.plan), bound(planned.binds, {})
        [found] = await execute(self.database, self.actor.tenant_id, [statement])
        return orjson.loads(found)

    async def rest(self, after: str | None = None, **arguments: object) -> list[Any]:
        """Return every change after a cursor, read page by page."""
        edges: list[Any] = []
        while True:
            page = await self.page(after=after, **arguments)
            edges += page["edges"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return edges


@dataclass
class Copy:
    """What somebody knows who has nothing but the feed: every record by its id, with its version."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def apply(self, change: Any) -> None:
        """Make a change again, as a client would; its version must be the next one of the record."""
        identity, version = change["id"], change["version"]
        assert version == self.versions.get(identity, 0) + 1, (change, self.versions.get(identity))
        self.versions[identity] = version
        match change["operation"]:
            case "CREATE" | "RESTORE":
                assert identity not in self.records
                self.records[identity] = change["after"]
            case "UPDATE":
                assert change["before"].items() <= self.records[identity].items()
                self.records[identity] |= change["after"]
            case "DELETE" | "PURGE":
                assert self.records.pop(identity, change["before"]) == change["before"]
        for name in ("account", "parent"):
            referred = self.records.get(identity, {}).get(name)
            assert referred is None or referred["id"] in self.versions, (
                f"{name} comes before what it refers to"
            )
