"""Sessions: SQLAlchemy's AsyncSession over a connection that is lent, for plugins' own code.

A session works in a savepoint of the lender's transaction: its `commit` keeps and its `rollback` undoes what
it has done so far, and the transaction stays the lender's. Its reads of entities say the tenant, so that
indexes lead; row-level security holds whatever they say. New records get the tenant and an id when they are
added. What it writes is captured under the lender's actor, and what the driver raises is translated.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, NullPool, event, make_url
from sqlalchemy.dialects.postgresql.psycopg import AsyncAdapt_psycopg_connection, PGDialectAsync_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from uuid_utils.compat import uuid7

from tenure_core.entities.declaration import Entity
from tenure_core.errors import TenureError
from tenure_core.postgres.database import TenantConnection, translate_error

E = TypeVar("E")

TENANT = "tenant_id"
"""What a session's `info` calls its tenant."""

ENDS_A_TRANSACTION = re.compile(
    r"(\A|;)(\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(BEGIN|START|COMMIT|END|ABORT|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+TO))\b",
    re.IGNORECASE | re.DOTALL,
)
"""Where a text has a statement that begins or ends a transaction."""


class TransactionNotOwnedError(TenureError):
    """Code that works in a transaction of the platform, and tried to begin or end one itself."""


class TenantSession(AsyncSession):
    """An AsyncSession bound to one tenant and one transaction."""

    async def get(self, entity: type[E], ident: Any, **options: Any) -> E | None:  # type: ignore[override]  # noqa: ANN401  # as SQLAlchemy types it
        """Return a record by its id, deleted ones too, or None.

        Args:
            entity: What it is of.
            ident: Its id; the tenant need not be said.
            options: As in SQLAlchemy.
        """
        key = (self.info[TENANT], ident) if isinstance(ident, uuid.UUID) else ident
        return await super().get(entity, key, **options)


class SessionLease:
    """A session that can be had while a connection is lent; it is made where it is asked for.

    Args:
        connection: In a transaction of the tenant.
        tenant_id: Whose data.
    """

    def __init__(self, connection: TenantConnection, tenant_id: uuid.UUID) -> None:
        self._lent = connection
        self._tenant_id = tenant_id
        self._ended = False
        self._borrowed: Connection | None = None
        self._session: TenantSession | None = None

    @property
    def session(self) -> TenantSession:
        """The session, the same each time.

        Raises:
            LentTransactionError: The connection is no longer lent.
        """
        if self._ended:
            raise TransactionNotOwnedError("The session's transaction is over.", "Use it while it is lent.")
        if self._session is None:
            self._borrowed = _borrow(self._lent)
            self._session = TenantSession(
                AsyncConnection(_engine(), self._borrowed),
                sync_session_class=_Session,
                join_transaction_mode="create_savepoint",
                expire_on_commit=False,
                info={TENANT: self._tenant_id},
            )
        return self._session

    async def flush(self) -> None:
        """Write what the session has added or changed, if there is one."""
        if self._session is not None:
            await self._session.flush()

    async def commit(self) -> None:
        """Keep what the session has done, if there is one."""
        if self._session is not None:
            await self._session.commit()

    def close(self) -> None:
        """Make the session good for nothing: its connection may serve another tenant next."""
        self._ended = True
        if self._borrowed is not None:
            self._borrowed.close()


@asynccontextmanager
async def lease_session(connection: TenantConnection, tenant_id: uuid.UUID) -> AsyncIterator[SessionLease]:
    """Lend a session over a connection; what it has not undone by then is kept at the end.

    Args:
        connection: In a transaction of the tenant.
        tenant_id: Whose data.
    """
    lent = SessionLease(connection, tenant_id)
    try:
        yield lent
        await lent.commit()
    finally:
        lent.close()


def _borrow(connection: TenantConnection) -> Connection:
    """Return SQLAlchemy's connection over a lent one, in the transaction that is there; nothing is sent."""
    token = _leased_connection.set(connection)
    try:
        borrowed = _engine().sync_engine.connect()
    finally:
        _leased_connection.reset(token)
    borrowed.begin()
    return borrowed


_leased_connection: ContextVar[TenantConnection] = ContextVar("_lent")
"""The connection that the engine connects to next."""


class _Session(Session):
    """The session beneath: it says the tenant in what it reads and writes."""


@event.listens_for(_Session, "do_orm_execute")
def _stay_within_tenant(state: ORMExecuteState) -> None:
    tenant_id = state.session.info[TENANT]
    criteria = with_loader_criteria(Entity, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
    state.statement = state.statement.options(criteria) if not state.is_insert else state.statement


@event.listens_for(_Session, "transient_to_pending")
def _give_tenant(session: Session, record: object) -> None:
    if isinstance(record, Entity):
        record.tenant_id = session.info[TENANT]
        record.id = getattr(record, "id", None) or uuid7()


class _LeasedDialect(PGDialectAsync_psycopg):
    """SQLAlchemy's dialect for psycopg, for connections whose transactions are somebody else's.

    It is never initialized by asking a server. A row that says nothing new is not written, and not counted,
    so counts of rows don't tell whether a record was there.
    """

    supports_statement_cache = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    server_version_info = (15,)
    _backslash_escapes = False

    def do_begin(self, dbapi_connection: object) -> None:
        """Leave it to the lender, who has begun."""

    def do_commit(self, dbapi_connection: object) -> None:
        """Leave it to the lender."""

    def do_rollback(self, dbapi_connection: object) -> None:
        """Leave it to the lender."""

    def do_close(self, dbapi_connection: object) -> None:
        """Leave it to the lender, whose pool it goes back to."""

    def do_terminate(self, dbapi_connection: object) -> None:
        """Leave it to the lender, whose pool sees that it is broken."""


@cache
def _engine() -> AsyncEngine:
    """Return the engine of all sessions: it connects to what is lent, and keeps what it has compiled."""
    dialect: Any = _LeasedDialect(dbapi=PGDialectAsync_psycopg.import_dbapi())  # type: ignore[no-untyped-call]  # SQLAlchemy does not type its dialects

    def connect() -> DBAPIConnection:
        return cast(
            DBAPIConnection, AsyncAdapt_psycopg_connection(dialect.dbapi, cast(Any, _leased_connection.get()))
        )

    engine = Engine(NullPool(connect, dialect=dialect), dialect, make_url("postgresql+psycopg://"))
    event.listen(engine, "handle_error", _translate)
    event.listen(engine, "before_cursor_execute", _refuse_to_leave)
    return AsyncEngine(engine)


def _translate(context: ExceptionContext) -> TenureError | None:
    error = context.original_exception
    return translate_error(error) if isinstance(error, psycopg.Error) else None


def _refuse_to_leave(_: Connection, __: DBAPICursor, statement: str, *___: object) -> None:
    if ENDS_A_TRANSACTION.search(statement):
        raise TransactionNotOwnedError(
            f"{statement.strip()[:60]!r} would leave the transaction, which belongs to the platform.",
            "Raise an error to undo all of it, or use `session.begin_nested()` for a part.",
        )
