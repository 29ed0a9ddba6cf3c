"""The app in tests of plugins, and its tenants."""

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
from tenure_core.plugins.registrations import Job
from tenure_core.postgres.database import Database
from tenure_core.postgres.scratch_database import scratch_database
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.http.graphql_endpoint import GRAPHQL_PATH
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.operations.executor import Executor
from tenure_sdk.testing.tables import create_tables

Response = dict[str, Any]
"""A GraphQL response: `data`, and `errors` if there are any."""

MAX_ROUNDS = 100
"""Limit of deliveries of changes that change listeners have written."""

LISTENER_ERROR = """
    SELECT last_error FROM change_listener
    WHERE tenant_id = %(tenant)s AND plugin = %(plugin)s AND last_error IS NOT NULL
"""


@dataclass(frozen=True)
class RunningTenure:
    """The running app.

    Args:
        app: The application.
        settings: The settings; `database_url` is the URL of the owner of the tables.
    """

    app: Starlette
    settings: Settings
    _clients: AsyncExitStack

    @property
    def host(self) -> Host:
        """The loaded plugins."""
        host: Host = self.app.state.host
        return host

    @property
    def catalog(self) -> Catalog:
        """The entities of the core and the plugins."""
        return self.host.catalog

    @property
    def database(self) -> Database:
        """The database."""
        database: Database = self.app.state.database
        return database

    async def create_tenant(self) -> Tenant:
        """Create a tenant with all plugins enabled; return it with the API key of an administrator."""
        name = f"test {uuid.uuid4()}"
        first = await self.open_tenant(name, Role.ADMIN)
        async with self.database.write_transaction(first.id, "test", "test") as connection:
            for plugin in self.host.plugins:
                await enable(connection, self.host, plugin.name, first.id)
        self.app.state.keys.invalidate_tenant(first.id)
        return await self.open_tenant(name, Role.ADMIN)

    async def open_tenant(self, name: str, role: str) -> Tenant:
        """Return a tenant with a new API key. The tenant is created if it does not exist.

        Args:
            name: The name of the tenant.
            role: The role of the key.
        """
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
    """A tenant, with one of its API keys.

    Args:
        tenure: The running app.
        name: The name.
        actor: The actor of the API key.
        client: An HTTP client that sends the API key, for routes: `tenant.client.get("/plugins/fleet/map")`.
    """

    tenure: RunningTenure
    name: str
    actor: Actor
    client: httpx.AsyncClient

    @property
    def id(self) -> uuid.UUID:
        """The id."""
        return self.actor.tenant_id

    async def with_role(self, role: str) -> Tenant:
        """Return the tenant with a new API key that has another role: "reader", or a role of a plugin."""
        return await self.tenure.open_tenant(self.name, role)

    async def execute(self, query: str, **variables: object) -> Response:
        """Execute a GraphQL query or mutation and return the response.

        Args:
            query: The GraphQL document.
            variables: The variables of the operation.
        """
        body = {"query": query, "variables": variables}
        result = await self.client.post(GRAPHQL_PATH, json=body)
        response: Response = result.json()
        return response

    async def subscribe(self, query: str, **variables: object) -> AsyncGenerator[Response]:
        """Yield the responses of a GraphQL subscription, one per event.

        Args:
            query: The GraphQL document.
            variables: The variables of the operation.

        Raises:
            TenureError: The subscription is rejected or fails.
        """
        executor: Executor = self.tenure.app.state.executor
        request = executor.prepare_request(GraphQLRequest(query, variables), self.actor, "test")
        async with aclosing(executor.events(request)) as responses:
            async for response in responses:
                yield response

    def context(self, plugin: str) -> AbstractAsyncContextManager[Context]:
        """Return a context manager with a plugin context, in a transaction that is committed at its end."""
        host = self.tenure.host
        return open_context(self.tenure.database, host, host[plugin], self.actor)

    async def deliver_changes(self) -> None:
        """Deliver all changes to the change listeners, as a worker does, until there are no new changes.

        Raises:
            PluginFailedError: A plugin failed in `on_change`, or writes without end.
        """
        newest = await self._newest_change()
        for _ in range(MAX_ROUNDS):
            for plugin in self.tenure.host.implementing("on_change"):
                await self._deliver(plugin)
            before, newest = newest, await self._newest_change()
            if newest == before:
                return
        raise PluginFailedError(f"There are new changes after {MAX_ROUNDS} deliveries.")

    async def _deliver(self, plugin: LoadedPlugin) -> None:
        tenure = self.tenure
        batch = ChangeBatch(tenure.database, tenure.host, tenure.settings, plugin, self.id)
        while await batch.next_batch():
            pass
        async with tenure.database.tenant_connection(self.id) as connection:
            cursor = await connection.execute(LISTENER_ERROR, {"tenant": self.id, "plugin": plugin.name})
            row = await cursor.fetchone()
        if row is not None:
            raise PluginFailedError(f"The plugin {plugin.name} failed in on_change: {row[0]}.")

    async def _newest_change(self) -> object:
        async with self.tenure.database.tenant_connection(self.id) as connection:
            cursor = await connection.execute("SELECT max(seq) FROM change WHERE tenant_id = %s", (self.id,))
            return await cursor.fetchone()

    async def run_job(self, plugin: str, name: str) -> None:
        """Run a job of a plugin for this tenant in one transaction, as a worker does.

        Args:
            plugin: The name of the plugin.
            name: The name of the job.
        """
        host = self.tenure.host
        [job] = [job for job in host[plugin].registrations(Job) if job.name == name]
        actor = plugin_actor(plugin, self.id, self.actor.plugins)
        await run_in_context(self.tenure.database, host, host[plugin], actor, job.run)


@asynccontextmanager
async def running_tenure(
    server_url: str, plugins: Iterable[object] | None, **settings: object
) -> AsyncIterator[RunningTenure]:
    """Run the app in a new database, without a network socket.

    Args:
        server_url: A database of the PostgreSQL server, for a login that may create databases.
        plugins: The plugins to load, as modules; None for the installed plugins. For a plugin without
            migrations, the tables of its entities are created.
        settings: Settings that differ from the defaults of tests.
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
