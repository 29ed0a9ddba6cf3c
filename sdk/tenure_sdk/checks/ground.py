"""The ground of checks: a running Tenure with the plugin, and tenants with rows of all that it can have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from tenure_core.migrating.migrate import connected
from tenure_core.plugins import LoadedPlugin, implements
from tenure_sdk.checks.additions import Additions
from tenure_sdk.checks.arguments import NoValueError
from tenure_sdk.checks.calls import Call, calls_of
from tenure_sdk.checks.contents import Contents, contents
from tenure_sdk.checks.examples import Examples
from tenure_sdk.checks.questions import (
    Question,
    mutations_of,
    questions_of,
    removals_of,
    subscriptions_of,
    unasked_of,
)
from tenure_sdk.checks.rows import Records, write_rows
from tenure_sdk.trial import Response, RunningTenure, Tenant, running_tenure

LIMITS = (
    "max_body_bytes",
    "max_document_characters",
    "max_document_tokens",
    "max_depth",
    "max_aliases",
    "max_root_fields",
    "max_cost",
)
"""Limits that the kit's own questions may pass: they ask for everything at once."""

SECONDS = {"statement_timeout_seconds": 60.0, "request_timeout_seconds": 120.0}


Asked = Question | Call
"""What can be asked of a plugin, or done with it."""

Work = Callable[[], Awaitable[None]]
"""What a plugin does by itself."""

ON_CHANGE = "on_change"


@dataclass(frozen=True)
class Holding:
    """A tenant with rows.

    Args:
        tenant: The tenant, seen by an administrator.
        mark: What its texts begin with.
        records: The ids of its records, by entity.
    """

    tenant: Tenant
    mark: str
    records: Records

    @property
    def signs(self) -> list[str]:
        """What tells that something is the tenant's: the mark, and the ids of its records."""
        return [self.mark, *(str(record) for ids in self.records.values() for record in ids)]

    def beginning_at(self, number: int) -> Records:
        """Return the records with another one first: what is asked about one is asked about the first."""
        return {name: _beginning_at(number % len(ids), ids) for name, ids in self.records.items() if ids}


def _beginning_at(number: int, ids: Sequence[UUID]) -> list[UUID]:
    return [*ids[number:], *ids[:number]]


@dataclass
class Ground:
    """What checks of a running plugin stand on.

    Args:
        plugin: The plugin.
        additions: What it adds to the schema.
        tenure: Tenure with it, and with what it requires.
    """

    plugin: LoadedPlugin
    additions: Additions
    tenure: RunningTenure

    def __post_init__(self) -> None:
        catalog = self.tenure.catalog
        self.examples = Examples(self.plugin)
        self.failed: dict[str, str] = {}
        calls = calls_of(self.plugin, catalog)
        questions = questions_of(self.plugin, self.additions, catalog)
        mutations = mutations_of(self.plugin, self.additions, catalog)
        self.questions: list[Asked] = [*questions, *(call for call in calls if call.reads)]
        self.mutations: list[Asked] = [*mutations, *(call for call in calls if not call.reads)]
        self.removals = removals_of(self.plugin, self.additions, catalog)
        self.subscriptions = subscriptions_of(self.plugin, self.additions, catalog)
        self.unasked = unasked_of(self.plugin, self.additions)
        self._counts = {
            "question": len(questions),
            "mutation": len(mutations),
            "subscription": len(self.subscriptions),
            "route": len(calls),
        }

    @property
    def told(self) -> str:
        """How much there is to try, in words."""
        counts = [(name, count) for name, count in self._counts.items() if count]
        return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts)

    async def holding(self, count: int) -> Holding:
        """Return a new tenant with rows of each entity, and with what the plugin's jobs make of them.

        Args:
            count: How many rows of each.

        Raises:
            NoRowsError: The plugin refuses all rows of an entity.
        """
        tenant = await self.tenure.new_tenant()
        mark = f"of{tenant.id.hex[-8:]}"
        database, catalog = self.tenure.database, self.tenure.catalog
        records = await write_rows(database, catalog, tenant.actor, self.examples, mark, count)
        for name, work in self.works(tenant).items():
            if name != ON_CHANGE and (problem := await raised(work)):
                self.failed[name] = problem
        return Holding(tenant, mark, records)

    async def ask(self, asked: Asked, tenant: Tenant, records: Records) -> Response:
        """Return the response to a question about some records.

        Raises:
            NoValueError: The question wants what can't be made up.
        """
        return await asked.ask(tenant, self.tenure.catalog, records)

    async def attempt(self, asked: Asked, tenant: Tenant, records: Records) -> Response:
        """Return the response to a question; an empty one where it wants what can't be made up."""
        try:
            return await self.ask(asked, tenant, records)
        except NoValueError:
            return {}

    def works(self, tenant: Tenant) -> Mapping[str, Work]:
        """Return what the plugin does for a tenant by itself, by what it is called."""
        name = self.plugin.name
        works: dict[str, Work] = {
            f"job {job.name}": partial(tenant.run_job, name, job.name) for job in self.plugin.jobs
        }
        return works | ({ON_CHANGE: tenant.deliver} if implements(self.plugin.hooks, ON_CHANGE) else {})

    async def contents(self) -> Contents:
        """Return the rows of all records of all tenants."""
        return await asyncio.to_thread(self._contents)

    def _contents(self) -> Contents:
        with connected(self.tenure.settings.database_url) as connection:
            return contents(connection)


async def raised(work: Work) -> str:
    """Do some work, and return what it raises; "" where it is done."""
    try:
        await work()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@asynccontextmanager
async def grounded(
    server_url: str, plugin: LoadedPlugin, required: Sequence[object], additions: Additions
) -> AsyncIterator[Ground]:
    """Run Tenure with a plugin, and with what it requires, in a database of its own.

    Args:
        server_url: The PostgreSQL to make the database in.
        plugin: The plugin.
        required: The plugins that it requires, as modules.
        additions: What it adds to the schema.
    """
    unlimited = dict.fromkeys(LIMITS, 10_000_000)
    async with running_tenure(server_url, [*required, plugin.hooks], **unlimited, **SECONDS) as tenure:
        yield Ground(plugin, additions, tenure)
