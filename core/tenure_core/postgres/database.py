"""The database: a pool of connections that act as `tenure_app`, each bound to a tenant while it is lent."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenure_core.errors import (
    BadUserInputError,
    ConflictError,
    CursorExpiredError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
    RequestTooLargeError,
    TenureError,
)
from tenure_core.postgres.array_dumper import JsonListDumper
from tenure_core.postgres.notifications import CHANNEL, ChangeNotifier, Tenants
from tenure_core.postgres.statement_log import RecordingCursor
from tenure_core.settings import Settings

SESSION_OPTIONS = (
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.TooManyColumns,
    psycopg.errors.TooManyArguments,
)
"""Errors of SQLSTATE's class 54, which psycopg counts among a server's troubles."""

APP_ROLE = "tenure_app"
"""The role that reads and writes data: it owns nothing, so row-level security holds for it."""

CONCURRENCY_ERRORS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.UniqueViolation,
    psycopg.errors.ForeignKeyViolation,
    psycopg.errors.LockNotAvailable,
)
"""What the database refuses because of what another transaction does: rows were checked before, so a key that
is taken, or a record that is gone, is the work of a moment."""

CURSOR_EXPIRED = "TN001"
"""The SQLSTATE by which a statement says that a cursor leads to what is no longer kept."""


class _JsonBytes(Loader):
    """Hands JSON that PostgreSQL wrote to the client as it is, without an object per row."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


class TenantConnection(psycopg.AsyncConnection[Any]):
    """A connection that remembers the tenant it is bound to."""

    tenant_id: uuid.UUID | None = None

    async def bind(self, tenant_id: uuid.UUID) -> None:
        """Bind to a tenant; costs a round trip only where the tenant changes.

        What may be undone is not remembered: a call that is cancelled, and one inside a transaction.
        """
        if self.tenant_id != tenant_id:
            self.tenant_id = None
            await self.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(tenant_id),))
            if self.info.transaction_status == TransactionStatus.IDLE:
                self.tenant_id = tenant_id


class Database:
    """The pool of one process.

    Args:
        url: The PostgreSQL to connect to.
        settings: How many connections, and how long they may wait and run.

    Example:
        async with Database(url, settings) as database, database.tenant_connection(tenant_id) as connection: ...
    """

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self._wait = settings.pool_wait_seconds
        conninfo = service_conninfo(url, settings.statement_timeout_seconds)
        self.wakes = ChangeNotifier(conninfo, self._tell)
        self._pool = AsyncConnectionPool(
            conninfo,
            connection_class=TenantConnection,
            min_size=min(2, settings.pool_size),
            max_size=settings.pool_size,
            timeout=settings.pool_wait_seconds,
            kwargs={"autocommit": True, "prepare_threshold": 2},
            configure=_configure,
            open=False,
        )

    async def __aenter__(self) -> Database:
        try:
            await self._pool.open(wait=True, timeout=self._wait)
        except PoolTimeout as error:
            await self._pool.close()
            raise _unreachable(error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wakes.close()
        await self._pool.close()

    @asynccontextmanager
    async def tenant_connection(self, tenant_id: uuid.UUID) -> AsyncIterator[TenantConnection]:
        """Lend a connection that sees the data of one tenant.

        Raises:
            DatabaseUnavailableError: No connection can be had.
            DatabaseTimeoutError: A statement ran too long.
        """
        async with self.shared_connection() as connection:
            await connection.bind(tenant_id)
            yield connection

    async def analyze(self, *tables: str) -> None:
        """Have PostgreSQL look at tables anew after a load: until then it plans for what they held before.

        It takes the time that it takes: the limit for statements does not hold here.
        """
        async with self.shared_connection() as connection, connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 0")
            for table in tables:
                await connection.execute("CALL tenure_analyze(%s::regclass)", (table,))

    @asynccontextmanager
    async def shared_connection(self) -> AsyncIterator[TenantConnection]:
        """Lend a connection for what belongs to no tenant: keys, health."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            raise translate_error(error) from error

    @asynccontextmanager
    async def snapshot_connection(self, tenant_id: uuid.UUID) -> AsyncIterator[TenantConnection]:
        """Lend a connection inside a transaction that sees one tenant's data as it is at one moment.

        A borrower who leaves it alone for a minute loses it: it keeps PostgreSQL from cleaning up.
        """
        async with self.tenant_connection(tenant_id) as connection, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '1min'")
            yield connection

    @asynccontextmanager
    async def write_transaction(
        self, tenant_id: uuid.UUID, actor: str, origin: str
    ) -> AsyncIterator[TenantConnection]:
        """Lend a connection inside a transaction; what it writes is captured under the given names.

        Once it is committed, whoever waits for the tenant's changes is woken.

        Args:
            tenant_id: Whose data.
            actor: Who writes, for the change table.
            origin: The system that the write comes from, for the change table.
        """
        async with self.tenant_connection(tenant_id) as connection, connection.transaction():
            await connection.execute(
                "SELECT set_config('tenure.actor', %s, true), set_config('tenure.origin', %s, true)",
                (actor, origin),
            )
            yield connection
        self.wakes.notify(tenant_id)

    async def _tell(self, tenants: Tenants) -> None:
        async with self.shared_connection() as connection:
            tell = "SELECT pg_notify(%s, tenant::text) FROM unnest(%s::uuid[]) AS tenant"
            await connection.execute(tell, (CHANNEL, list(tenants)))


def service_conninfo(url: str, statement_timeout_seconds: float, **more: str) -> str:
    """Return the connection string of the service: as `tenure_app`, in UTC, with a statement timeout.

    Args:
        url: The PostgreSQL to connect to.
        statement_timeout_seconds: How long one statement may run.
        more: Further settings of PostgreSQL, such as a `search_path`.
    """
    settings = {
        "role": APP_ROLE,
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": str(int(statement_timeout_seconds * 1000)),
        **more,
    }
    given = conninfo_to_dict(url).get("options") or ""
    options = " ".join([str(given), *(f"-c {name}={value}" for name, value in settings.items())])
    return make_conninfo(url, options=options.strip(), application_name="tenure")


async def _configure(connection: TenantConnection) -> None:
    connection.adapters.register_loader("json", _JsonBytes)
    connection.adapters.register_dumper(list, JsonListDumper)
    connection.cursor_factory = RecordingCursor


def translate_error(error: psycopg.Error) -> TenureError:
    """Return the error of ours for an error of the driver."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return DatabaseTimeoutError(
            "The statement ran longer than allowed and was cancelled.", "Ask for less at once."
        )
    if isinstance(error, CONCURRENCY_ERRORS):
        return ConflictError("Another write got in the way.", "Send it again.")
    if error.sqlstate == CURSOR_EXPIRED:
        return CursorExpiredError(
            "The changes after this cursor are no longer kept.",
            "Ask for a `snapshot`, read its export, and go on from the cursor in its first line.",
        )
    if isinstance(error, psycopg.DataError):
        reason = error.diag.message_primary or error  # the driver's own refusals know no server's words
        return BadUserInputError(
            f"PostgreSQL can't compute this: {reason}.", "Correct the value that it names."
        )
    if isinstance(error, SESSION_OPTIONS):
        return RequestTooLargeError(
            f"PostgreSQL finds it too large: {error.diag.message_primary}.", "Split it."
        )
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailableError("All connections to PostgreSQL are busy.", "Try again.")
    if isinstance(error, psycopg.OperationalError):
        return _unreachable(error)
    return TenureError("The database refused the statement.", "Look for the request id in the server's log.")


def _unreachable(error: Exception) -> DatabaseUnavailableError:
    reason = " ".join(str(error).split())
    return DatabaseUnavailableError(
        f"PostgreSQL can't be reached: {reason}.", "Check DATABASE_URL and that it runs."
    )
