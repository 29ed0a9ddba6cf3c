"""The database of a tenant, for commands that work on one tenant."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from tenure_core.access.api_keys import find_tenant
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import migrated_postgres

Result = TypeVar("Result")

ACTOR = "tenure plugin"
"""The actor and the origin of the changes in the change feed."""


@dataclass(frozen=True)
class TenantDatabase:
    """The database of a tenant.

    Args:
        settings: The settings of the connection.
        url: The database.
        tenant_id: The tenant.
    """

    settings: Settings
    url: str
    tenant_id: uuid.UUID

    def run(self, work: Callable[[TenantConnection], Awaitable[Result]]) -> Result:
        """Run a function in a transaction of the tenant and return its result."""
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[TenantConnection], Awaitable[Result]]) -> Result:
        async with (
            Database(self.url, self.settings) as database,
            database.write_transaction(self.tenant_id, ACTOR, ACTOR) as connection,
        ):
            return await work(connection)


@contextmanager
def open_tenant(host: Host, name: str) -> Iterator[TenantDatabase]:
    """Yield the database of a tenant.

    Args:
        host: The plugins whose migrations must be complete.
        name: The name of the tenant.

    Raises:
        BadUserInputError: There is no such tenant.
        PendingMigrationsError: The database lacks migrations.
        DatabaseUnavailableError: The database can't be reached.
    """
    settings = load_settings()
    with migrated_postgres(settings, host) as (url, owner):
        tenant_id = find_tenant(owner, name)
        if tenant_id is None:
            raise BadUserInputError(
                f"There is no tenant {name!r}.", "Check the name, or create it with `tenure token create`."
            )
        yield TenantDatabase(settings, url, tenant_id)
