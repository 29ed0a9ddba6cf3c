"""SQLAlchemy sessions stay in their tenant and in the transaction of the platform."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import delete, event, func, insert, select, text, update
from sqlalchemy.exc import InvalidRequestError, ResourceClosedError
from sqlalchemy.orm import aliased

from tenure_core.access.identity import Actor
from tenure_core.catalog.builder import build_catalog
from tenure_core.entities.model import Account, Activity, Contact
from tenure_core.errors import BadUserInputError, ConflictError
from tenure_core.plugins.orm_session import TenantSession, TransactionNotOwnedError, lease_session
from tenure_core.postgres.database import Database

CATALOG = build_catalog()


@asynccontextmanager
async def session_of(database: Database, actor: Actor) -> AsyncIterator[TenantSession]:
    async with (
        database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection,
        lease_session(connection, actor, CATALOG) as lease,
    ):
        yield lease.session


async def create_accounts(database: Database, actor: Actor, *names: str) -> list[Account]:
    async with session_of(database, actor) as session:
        session.add_all(accounts := [Account(name=name) for name in names])
    return accounts


async def account_names(database: Database, actor: Actor) -> list[str]:
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute("SELECT name FROM account ORDER BY name")
        return [name for (name,) in await cursor.fetchall()]


async def test_new_records_get_the_tenant_and_an_id(database: Database, actor: Actor) -> None:
    async with session_of(database, actor) as session:
        session.add(account := Account(name="Acme"))
        assert (account.tenant_id, account.id.version) == (actor.tenant_id, 7)
        session.add(Contact(last_name="Lovelace", account_id=account.id))
    async with session_of(database, actor) as session:
        record = await session.get(Contact, (await session.scalars(select(Contact.id))).one())
        assert record is not None
        assert record.account_id == account.id


async def test_writes_are_captured_with_the_actor_of_the_transaction(
    database: Database, actor: Actor
) -> None:
    await create_accounts(database, actor, "Acme")
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute("SELECT entity, actor, origin FROM change")
        assert await cursor.fetchall() == [("Account", actor.audit_name, actor.origin)]


async def test_records_of_other_tenants_are_invisible(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    [own] = await create_accounts(database, actor, "Own")
    [other] = await create_accounts(database, other_actor, "Other")
    async with session_of(database, actor) as session:
        assert [account.id for account in await session.scalars(select(Account))] == [own.id]
        assert await session.get(Account, other.id) is None
        assert await session.get(Account, (other_actor.tenant_id, other.id)) is None
        bare = text("SELECT count(*) FROM account")
        assert (await session.execute(bare)).scalar_one() == 1
        assert (await session.execute(select(func.count()).select_from(Account.__table__))).scalar_one() == 1
        await session.execute(update(Account).values(name="Taken"))
        await session.execute(delete(Account).where(Account.id == other.id))
    assert await account_names(database, other_actor) == ["Other"]


async def test_a_record_cannot_be_added_to_another_tenant(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    async with session_of(database, actor) as session:
        session.add(account := Account(name="Acme", tenant_id=other_actor.tenant_id))
        assert account.tenant_id == actor.tenant_id


async def test_every_statement_on_entities_contains_the_tenant(database: Database, actor: Actor) -> None:
    sent: list[tuple[str, object]] = []
    async with session_of(database, actor) as session:
        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda c, k, s, p, *_: sent.append((s, p)))
        other = aliased(Account)
        account = Account(name="Acme")
        session.add(account)
        await session.flush()
        account.name = "Acme 2"
        await session.flush()
        await session.execute(select(Account).join(other, other.parent_id == Account.id))
        await session.execute(select(Account).where(Account.id.in_(select(Activity.account_id))))
        await session.execute(update(Account).values(name="Acme 3"))
        await session.refresh(account)
        await session.execute(delete(Contact))
        await session.delete(account)
    statements = [(s, p) for s, p in sent if "SAVEPOINT" not in s]
    assert len(statements) == 8
    for statement, parameters in statements:
        assert actor.tenant_id in dict(parameters).values(), statement
    joined, nested = statements[2][0], statements[3][0]
    assert joined.count("tenant_id = ") == nested.count("tenant_id = ") == 2


async def test_a_rollback_reverts_only_the_work_of_the_session(database: Database, actor: Actor) -> None:
    async with database.write_transaction(actor.tenant_id, "a", "b") as connection:
        await connection.execute(
            "INSERT INTO account (tenant_id, name) VALUES (%s, 'Platform')", (actor.tenant_id,)
        )
        async with lease_session(connection, actor, CATALOG) as lease:
            session = lease.session
            session.add(Account(name="Kept"))
            await session.commit()
            session.add(Account(name="Reverted"))
            await session.flush()
            await session.rollback()
            session.add(Account(name="Last"))
    assert await account_names(database, actor) == ["Kept", "Last", "Platform"]


async def test_a_commit_does_not_end_the_transaction_of_the_platform(
    database: Database, actor: Actor
) -> None:
    async def fail_after_committing() -> None:
        async with session_of(database, actor) as session:
            session.add(Account(name="Acme"))
            await session.commit()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_committing()
    assert await account_names(database, actor) == []


@pytest.mark.parametrize(
    "statement",
    [
        "COMMIT",
        " rollback",
        "/* a */ END",
        "-- b\nBEGIN",
        "START TRANSACTION",
        "; ABORT",
        "PREPARE TRANSACTION 'x'",
    ],
)
async def test_sql_text_cannot_start_or_end_a_transaction(
    database: Database, actor: Actor, statement: str
) -> None:
    async with session_of(database, actor) as session:
        with pytest.raises(TransactionNotOwnedError, match="start or end the transaction"):
            await session.execute(text(statement))


async def test_sql_text_cannot_end_a_transaction_in_a_second_statement(
    database: Database, actor: Actor
) -> None:
    async with session_of(database, actor) as session:
        with pytest.raises(TransactionNotOwnedError, match="start or end the transaction"):
            await session.execute(text("SELECT 1; /* and */ COMMIT"))


async def test_errors_of_the_driver_are_translated(database: Database, actor: Actor) -> None:
    with pytest.raises(ConflictError):
        async with session_of(database, actor) as session:
            session.add(Contact(last_name="Lovelace", account_id=uuid.uuid4()))
    with pytest.raises(BadUserInputError, match="division by zero"):
        async with session_of(database, actor) as session:
            await session.execute(text("SELECT 1 / 0"))


async def test_a_failure_in_a_savepoint_does_not_affect_other_work(database: Database, actor: Actor) -> None:
    async with session_of(database, actor) as session:
        with pytest.raises(ConflictError):
            async with session.begin_nested():
                session.add(Contact(last_name="Lovelace", account_id=uuid.uuid4()))
        session.add(Account(name="Acme"))
    assert await account_names(database, actor) == ["Acme"]


async def test_an_update_without_changes_is_accepted(database: Database, actor: Actor) -> None:
    [account] = await create_accounts(database, actor, "Acme")
    async with session_of(database, actor) as first:
        stale = await first.get(Account, account.id)
        assert stale is not None
        await first.execute(text("UPDATE account SET name = 'New'"))
        stale.name = "New"
    assert await account_names(database, actor) == ["New"]


async def test_documents_and_lists_are_stored_unchanged(database: Database, actor: Actor) -> None:
    async with session_of(database, actor) as session:
        session.add(account := Account(name="Acme", tags=["a", "b"], attributes={"a": [1, None]}))
    async with session_of(database, actor) as session:
        record = await session.get(Account, account.id)
        assert record is not None
        assert (record.tags, record.attributes) == (["a", "b"], {"a": [1, None]})


async def test_many_records_are_inserted_in_few_statements(database: Database, actor: Actor) -> None:
    sent: list[str] = []
    async with session_of(database, actor) as session:
        connection = (await session.connection()).sync_connection
        event.listen(connection, "before_cursor_execute", lambda c, k, s, *_: sent.append(s))
        session.add_all([Account(name=f"Account {n}") for n in range(1_000)])
        await session.flush()
        assert len([s for s in sent if s.startswith("INSERT")]) == 1
        rows = [{"tenant_id": actor.tenant_id, "name": "Plain"}]
        await session.execute(insert(Account), rows)
    assert len(await account_names(database, actor)) == 1_001


async def test_a_session_cannot_be_used_after_its_lease(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    async with session_of(database, actor) as session:
        await session.execute(select(Account))
    async with database.tenant_connection(other_actor.tenant_id):
        with pytest.raises((ResourceClosedError, InvalidRequestError)):
            await session.execute(select(Account))


async def test_no_session_is_created_after_the_lease(database: Database, actor: Actor) -> None:
    async with (
        database.write_transaction(actor.tenant_id, "a", "b") as connection,
        lease_session(connection, actor, CATALOG) as lease,
    ):
        pass
    with pytest.raises(TransactionNotOwnedError, match="has ended"):
        _ = lease.session


async def test_an_error_of_the_caller_is_raised_unchanged(database: Database, actor: Actor) -> None:
    async def be_cancelled() -> None:
        async with session_of(database, actor) as session:
            session.add(Account(name="Acme"))
            await session.flush()
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await be_cancelled()
    assert await account_names(database, actor) == []
