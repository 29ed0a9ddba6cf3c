"""A running Tenure, and its tenants as tests of plugins use them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Actor, Role
from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import PluginFailedError
from tenure_core.migrate.runner import upgrade
from tenure_core.plugins.actor import plugin_actor
from tenure_core.plugins.administration.enablement import enable
from tenure_core.plugins.context import Context, open_context, run_in_context
from tenure_core.plugins.host import Host
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.postgres.database import Database
from tenure_core.postgres.scratch_database import scratch_database
from tenure_core.settings import Settings
from tenure_schema.app import GRAPHQL_PATH, create_app
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.executor import Executor
from tenure_sdk.testing.tables import create_tables

Response = dict[str, Any]
"""What the API answers: "data", and "errors" where there are some."""


MOST_ROUNDS = 100
"""How often changes are delivered that come of deliveries."""

PROBLEM = """
    SELECT problem FROM plugin_delivery
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND problem IS NOT NULL
"""


@dataclass(frozen=True)
class RunningTenure:
    """Tenure as it was started for tests.

    Args:
        app: The application.
        settings: Its settings; `database_url` is the owner's.
    """

    app: Starlette
    settings: Settings
    _clients: AsyncExitStack

    @property
    def host(self) -> Host:
        """The plugins."""
        host: Host = self.app.state.host
        return host

    @property
    def catalog(self) -> Catalog:
        """What the core and they bring."""
        return self.host.catalog

    @property
    def database(self) -> Database:
        """The database, as the service uses it."""
        database: Database = self.app.state.database
        return database

    async def new_tenant(self) -> Tenant:
        """Return a new tenant that has all plugins enabled, seen by an administrator."""
        name = f"test {uuid.uuid4()}"
        first = await self.opened(name, Role.ADMIN)
        async with self.database.write_transaction(first.id, "test", "test") as connection:
            for plugin in self.host.plugins:
                await enable(connection, self.host, plugin.name, first.id)
        self.app.state.keys.invalidate_tenant(first.id)
        return await self.opened(name, Role.ADMIN)

    async def opened(self, name: str, role: str) -> Tenant:
        """Return a tenant as a new key of it sees it; the tenant is made where there is none of the name."""
        key = create_key(self.settings.database_url, name, role, "test", "test")
        actor = await self.app.state.keys.authenticate(f"Bearer {key.secret}")
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://tenure.test",
            headers={"Authorization": f"Bearer {key.secret}"},
        )
        return Tenant(self, name, actor, await self._clients.enter_async_context(client))


@dataclass(frozen=True)
class Tenant:
    """A tenant, as one of its API keys sees it.

    Args:
        tenure: Where it lives.
        name: Its name.
        actor: Who asks and writes.
        client: An HTTP client that sends the key, for routes: `tenant.client.get("/plugins/fleet/map")`.
    """

    tenure: RunningTenure
    name: str
    actor: Actor
    client: httpx.AsyncClient

    @property
    def id(self) -> uuid.UUID:
        """Its identity."""
        return self.actor.tenant_id

    async def acting_as(self, role: str) -> Tenant:
        """Return the same tenant as a key with another role sees it, such as "reader" or one of a plugin."""
        return await self.tenure.opened(self.name, role)

    async def ask(self, query: str, **variables: object) -> Response:
        """Return the API's whole response to a question; variables are given by name."""
        body = {"query": query, "variables": variables}
        response = await self.client.post(GRAPHQL_PATH, json=body)
        answer: Response = response.json()
        return answer

    async def events(self, query: str, **variables: object) -> AsyncGenerator[Response]:
        """Yield the API's responses to a subscription, one for each event.

        Raises:
            TenureError: It is refused, or fails.
        """
        execution: Executor = self.tenure.app.state.execution
        asking = execution.prepare_request(GraphQLRequest(query, variables), self.actor, "test")
        async with aclosing(execution.events(asking)) as events:
            async for event in events:
                yield event

    def context(self, plugin: str) -> AbstractAsyncContextManager[Context]:
        """Lend a context of a plugin, in a transaction that is committed at its end."""
        host = self.tenure.host
        return open_context(self.tenure.database, host, host[plugin], self.actor)

    async def deliver(self) -> None:
        """Tell the plugins at once of all that was written, and of what they write then, as a worker does.

        Raises:
            PluginFailedError: A plugin failed in `on_change`, or writes something each time that it is told.
        """
        newest = await self._newest_change()
        for _ in range(MOST_ROUNDS):
            for plugin in self.tenure.host.implementing("on_change"):
                await self._deliver(plugin)
            before, newest = newest, await self._newest_change()
            if newest == before:
                return
        raise PluginFailedError(f"After {MOST_ROUNDS} deliveries there is still something new to deliver.")

    async def _deliver(self, plugin: LoadedPlugin) -> None:
        tenure = self.tenure
        delivery = ChangeBatch(tenure.database, tenure.host, tenure.settings, plugin, self.id)
        while await delivery.next_batch():
            pass
        async with tenure.database.tenant_connection(self.id) as connection:
            cursor = await connection.execute(PROBLEM, {"tenant": self.id, "plugin": plugin.name})
            found = await cursor.fetchone()
        if found is not None:
            raise PluginFailedError(f"The plugin {plugin.name} failed in on_change: {found[0]}.")

    async def _newest_change(self) -> object:
        async with self.tenure.database.tenant_connection(self.id) as connection:
            cursor = await connection.execute("SELECT max(seq) FROM change WHERE tenant_id = %s", (self.id,))
            return await cursor.fetchone()

    async def run_job(self, plugin: str, name: str) -> None:
        """Do a job of a plugin for this tenant at once, in a transaction of its own, as a worker does.

        Args:
            plugin: The name of the plugin.
            name: The name of the job.
        """
        host = self.tenure.host
        [job] = [job for job in host[plugin].jobs if job.name == name]
        actor = plugin_actor(plugin, self.id, self.actor.plugins)
        await run_in_context(self.tenure.database, host, host[plugin], actor, job.run)


@asynccontextmanager
async def running_tenure(
    server_url: str, plugins: Iterable[object] | None, **settings: object
) -> AsyncIterator[RunningTenure]:
    """Run Tenure in a database of its own, without a socket.

    Args:
        server_url: A database of the PostgreSQL to use, as a login that may make others.
        plugins: The plugins to load, as modules; None for the installed ones. One that has no revisions gets
            its tables from its declarations.
        settings: Settings that differ from what is usual in tests.
    """
    with scratch_database(server_url) as url:
        chosen = Settings(**{"database_url": url, "worker": False, **settings})  # type: ignore[arg-type]  # pydantic checks them
        app = create_app(chosen, url, plugins)
        host: Host = app.state.host
        upgrade(url, host)
        for plugin in host.plugins:
            create_tables(url, plugin, host.catalog)
        async with app.router.lifespan_context(app), AsyncExitStack() as clients:
            yield RunningTenure(app, chosen, clients)
