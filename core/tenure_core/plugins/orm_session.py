"""SQLAlchemy sessions for plugin code, in a transaction of the platform.

A session uses a leased connection and works in a savepoint: `commit` releases the savepoint and `rollback`
rolls back to it, while the transaction remains under the control of the platform. The session adds a
condition on the tenant to reads of entities, so that indexes are used; row-level security applies in any
case. New records get the tenant and an id when they are added. Writes are captured under the actor of the
transaction. Errors of the driver are translated.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    NullPool,
    Select,
    UpdateBase,
    event,
    make_url,
)
from sqlalchemy.dialects.postgresql.psycopg import AsyncAdapt_psycopg_connection, PGDialectAsync_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql.visitors import cloned_traverse
from uuid_utils.compat import uuid7

from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor
from tenure_core.access.visibility import visible
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.predicates import ALL_ROWS
from tenure_core.entities.declaration import Entity
from tenure_core.errors import TenureError
from tenure_core.postgres.database import TenantConnection, translate_error
from tenure_core.query.sql.conditions import render_condition

E = TypeVar("E")

TENANT = "tenant_id"
ROW_RULES = "row_rules"
"""Keys of a session's `info`: the id of its tenant, and the criteria of entities with a row rule."""

TRANSACTION_CONTROL = re.compile(
    r"(\A|;)(\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(BEGIN|START|COMMIT|END|ABORT|PREPARE\s+TRANSACTION|ROLLBACK(?!\s+TO))\b",
    re.IGNORECASE | re.DOTALL,
)
"""A statement in SQL text that starts or ends a transaction."""

GENERATED = (Select, CompoundSelect, UpdateBase)
"""Statements that are built with SQLAlchemy instead of SQL text."""


class TransactionNotOwnedError(TenureError):
    """Plugin code tried to start or end the transaction of the platform, or used a session after its end."""


class TenantSession(AsyncSession):
    """An AsyncSession that is bound to one tenant and one transaction."""

    async def get(self, entity: type[E], ident: Any, **options: Any) -> E | None:  # type: ignore[override]  # noqa: ANN401  # as SQLAlchemy types it
        """Return a record by id, including soft-deleted records; None if there is none.

        Args:
            entity: The entity.
            ident: The id. The tenant is added.
            options: The options of SQLAlchemy's `AsyncSession.get`.
        """
        key = (self.info[TENANT], ident) if isinstance(ident, uuid.UUID) else ident
        return await super().get(entity, key, **options)


class SessionLease:
    """The lease of a connection to a session. The session is created on first use.

    Args:
        connection: A connection in a transaction of the actor's tenant.
        actor: The actor of the transaction.
        catalog: The entities.
    """

    def __init__(self, connection: TenantConnection, actor: Actor, catalog: Catalog) -> None:
        self._connection = connection
        self._actor = actor
        self._catalog = catalog
        self._is_closed = False
        self._leased: Connection | None = None
        self._session: TenantSession | None = None

    @property
    def session(self) -> TenantSession:
        """The session.

        Raises:
            TransactionNotOwnedError: The lease is closed.
        """
        if self._is_closed:
            raise TransactionNotOwnedError(
                "The transaction of the session has ended.", "Use the session only inside its context."
            )
        if self._session is None:
            self._leased = _lease(self._connection)
            self._session = TenantSession(
                AsyncConnection(_engine(), self._leased),
                sync_session_class=_Session,
                join_transaction_mode="create_savepoint",
                expire_on_commit=False,
                info={TENANT: self._actor.tenant_id, ROW_RULES: _row_rules(self._actor, self._catalog)},
            )
        return self._session

    async def flush(self) -> None:
        """Flush the session, if it has been created."""
        if self._session is not None:
            await self._session.flush()

    async def commit(self) -> None:
        """Commit the session, if it has been created."""
        if self._session is not None:
            await self._session.commit()

    def close(self) -> None:
        """Make the session unusable, because its connection may be bound to another tenant next."""
        self._is_closed = True
        if self._leased is not None:
            self._leased.close()


@asynccontextmanager
async def lease_session(
    connection: TenantConnection, actor: Actor, catalog: Catalog
) -> AsyncIterator[SessionLease]:
    """Lease a connection to a session, and commit the session at the end.

    Args:
        connection: A connection in a transaction of the actor's tenant.
        actor: The actor of the transaction.
        catalog: The entities.
    """
    lease = SessionLease(connection, actor, catalog)
    try:
        yield lease
        await lease.commit()
    finally:
        lease.close()


def _lease(connection: TenantConnection) -> Connection:
    """Return a SQLAlchemy connection that wraps a connection in its current transaction, without I/O."""
    token = _leased_connection.set(connection)
    try:
        leased = _engine().sync_engine.connect()
    finally:
        _leased_connection.reset(token)
    leased.begin()
    return leased


_leased_connection: ContextVar[TenantConnection] = ContextVar("_leased_connection")
"""The connection that `_engine` uses for its next connection."""


class _Session(Session):
    """The synchronous session of `TenantSession`, which adds the tenant to reads and writes."""


@event.listens_for(_Session, "do_orm_execute")
def _add_tenant_condition(state: ORMExecuteState) -> None:
    tenant_id = state.session.info[TENANT]
    criteria = with_loader_criteria(Entity, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
    if not state.is_insert:
        state.statement = state.statement.options(criteria, *state.session.info[ROW_RULES])


def visible_condition(
    entity: EntityInfo, actor: Actor, catalog: Catalog, *, include_deleted: bool = False
) -> ColumnElement[bool]:
    """Return the condition of the rows of an entity that plugin code can see when it acts for an actor."""
    grants = authorize(actor, catalog)
    rows = visible(entity, grants, include_deleted=include_deleted, needs_read=False)
    return _bind_parameters(render_condition(rows, entity.table), actor.parameters)


def _bind_parameters(element: ColumnElement[bool], values: Mapping[str, object]) -> ColumnElement[bool]:
    def bind(param: BindParameter[Any]) -> None:
        param.value = values.get(param.key, param.value)

    return cloned_traverse(element, {"maintain_key": True}, {"bindparam": bind})


def _row_rules(actor: Actor, catalog: Catalog) -> tuple[LoaderCriteriaOption, ...]:
    grants = authorize(actor, catalog)
    return tuple(
        with_loader_criteria(
            entity.entity_class,
            visible_condition(entity, actor, catalog, include_deleted=True),
            include_aliases=True,
        )
        for entity in catalog.entities.values()
        if grants.rows(entity) != ALL_ROWS
    )


@event.listens_for(_Session, "transient_to_pending")
def _set_tenant_and_id(session: Session, record: object) -> None:
    if isinstance(record, Entity):
        record.tenant_id = session.info[TENANT]
        record.id = getattr(record, "id", None) or uuid7()


class _LeasedDialect(PGDialectAsync_psycopg):
    """SQLAlchemy's psycopg dialect for connections whose transaction is controlled by the platform.

    It is configured without a query to the server. Row counts are not checked, because a trigger suppresses
    updates that change nothing.
    """

    supports_statement_cache = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    server_version_info = (15,)
    _backslash_escapes = False

    def do_begin(self, dbapi_connection: object) -> None:
        """Do nothing: the transaction has already started."""

    def do_commit(self, dbapi_connection: object) -> None:
        """Do nothing: the platform ends the transaction."""

    def do_rollback(self, dbapi_connection: object) -> None:
        """Do nothing: the platform ends the transaction."""

    def do_close(self, dbapi_connection: object) -> None:
        """Do nothing: the connection belongs to the platform's pool."""

    def do_terminate(self, dbapi_connection: object) -> None:
        """Do nothing: the platform's pool detects broken connections."""


@cache
def _engine() -> AsyncEngine:
    """Return the engine of all sessions. It wraps leased connections and caches compiled statements."""
    dialect: Any = _LeasedDialect(dbapi=PGDialectAsync_psycopg.import_dbapi())  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy

    def connect() -> DBAPIConnection:
        return cast(
            DBAPIConnection, AsyncAdapt_psycopg_connection(dialect.dbapi, cast(Any, _leased_connection.get()))
        )

    engine = Engine(NullPool(connect, dialect=dialect), dialect, make_url("postgresql+psycopg://"))
    event.listen(engine, "handle_error", _translate)
    event.listen(engine, "before_cursor_execute", _check_sql_text)
    return AsyncEngine(engine)


def _translate(context: ExceptionContext) -> TenureError | None:
    error = context.original_exception
    return translate_error(error) if isinstance(error, psycopg.Error) else None


def _check_sql_text(
    _: Connection, __: DBAPICursor, statement: str, ___: object, context: ExecutionContext, ____: bool
) -> None:
    """Reject transaction control in SQL text. Statements that SQLAlchemy generates cannot contain any."""
    compiled = getattr(context, "compiled", None)
    if compiled is not None and isinstance(compiled.statement, GENERATED):
        return
    if TRANSACTION_CONTROL.search(statement):
        raise TransactionNotOwnedError(
            f"{statement.strip()[:60]!r} would start or end the transaction, which the platform controls.",
            "Raise an error to roll it back, or use `session.begin_nested()` for a savepoint.",
        )
