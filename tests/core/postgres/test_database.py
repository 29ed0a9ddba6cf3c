"""Connection pool: the tenant of a connection, also after errors, and the translation of errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from tenure_core.access.identity import Actor
from tenure_core.errors import (
    BadUserInputError,
    ConflictError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
    RequestTooLargeError,
    TenureError,
)
from tenure_core.postgres.database import Database, TenantConnection, build_service_conninfo
from tenure_core.settings import Settings

BOUND_TO = "SELECT current_setting('tenure.tenant_id')"


@pytest.fixture
async def one_connection(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """A pool with one connection, so that every borrower gets the same one."""
    async with Database(database_url, settings.model_copy(update={"pool_size": 1})) as database:
        yield database


async def add_account(connection: TenantConnection, actor: Actor, name: str) -> None:
    await connection.execute("INSERT INTO account (tenant_id, name) VALUES (%s, %s)", (actor.tenant_id, name))


async def account_names(database: Database, actor: Actor) -> list[str]:
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute("SELECT name FROM account ORDER BY name")
        return [row[0] for row in await cursor.fetchall()]


async def add_accounts(database: Database, *actors: Actor) -> None:
    for number, actor in enumerate(actors):
        async with database.write_transaction(actor.tenant_id, "tester", "test") as connection:
            await add_account(connection, actor, f"account {number}")


async def fetch_value(connection: TenantConnection, query: str) -> Any:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row[0]


async def test_a_connection_is_bound_to_each_borrowers_tenant(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await add_accounts(one_connection, actor, other_actor)
    for _ in range(3):
        assert await account_names(one_connection, actor) == ["account 0"]
        assert await account_names(one_connection, other_actor) == ["account 1"]


async def test_concurrent_tenants_see_their_own_data(
    database: Database, actor: Actor, other_actor: Actor
) -> None:
    await add_accounts(database, actor, other_actor)
    seen = await asyncio.gather(*(account_names(database, tenant) for tenant in (actor, other_actor) * 20))
    assert seen == [["account 0"], ["account 1"]] * 20


async def test_after_an_error_the_next_borrower_has_its_own_tenant(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await add_accounts(one_connection, actor, other_actor)
    for failing in ("SELECT 1/0", "SELECT nothing", "INSERT INTO contact (tenant_id) VALUES (NULL)"):
        with pytest.raises(TenureError):
            await run(one_connection, actor, failing)
        assert await account_names(one_connection, other_actor) == ["account 1"]
        assert await account_names(one_connection, actor) == ["account 0"]


async def run(database: Database, actor: Actor, statement: str) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        await connection.execute(statement)


async def test_after_a_failed_transaction_the_connection_is_bound_again(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await add_accounts(one_connection, actor, other_actor)
    with pytest.raises(TenureError):
        await run_failing_transaction(one_connection, other_actor)
    assert await account_names(one_connection, actor) == ["account 0"]
    assert await account_names(one_connection, other_actor) == ["account 1"]


async def run_failing_transaction(database: Database, actor: Actor) -> None:
    async with database.write_transaction(actor.tenant_id, "tester", "test") as connection:
        await add_account(connection, actor, "never")
        await connection.execute("SELECT 1/0")


async def test_a_binding_that_was_rolled_back_is_repeated(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    async with one_connection.tenant_connection(actor.tenant_id) as connection:
        async with connection.transaction(force_rollback=True):
            await connection.bind(other_actor.tenant_id)
        await connection.bind(other_actor.tenant_id)
        assert await fetch_value(connection, BOUND_TO) == str(other_actor.tenant_id)


async def test_a_binding_that_was_cancelled_is_repeated(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    for _ in range(10):
        async with one_connection.tenant_connection(actor.tenant_id) as connection:
            binding = asyncio.create_task(connection.bind(other_actor.tenant_id))
            await asyncio.sleep(0)
            binding.cancel()
            await asyncio.wait([binding])
            await connection.bind(actor.tenant_id)
            assert await fetch_value(connection, BOUND_TO) == str(actor.tenant_id)


async def test_actor_and_origin_apply_to_one_transaction(one_connection: Database, actor: Actor) -> None:
    async with one_connection.write_transaction(actor.tenant_id, "key 7", "erp") as connection:
        await add_account(connection, actor, "a")
    async with one_connection.tenant_connection(actor.tenant_id) as connection:
        await add_account(connection, actor, "b")
        cursor = await connection.execute("SELECT actor, origin FROM change ORDER BY seq")
        [first, second] = await cursor.fetchall()
    assert first == ("key 7", "erp")
    assert second[1] == "sql"


async def test_a_connection_has_the_role_of_the_service(database: Database, actor: Actor) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        assert await fetch_value(connection, "SELECT current_user::text") == "tenure_app"
        assert await fetch_value(connection, "SHOW timezone") == "UTC"


async def test_json_is_returned_as_bytes(database: Database) -> None:
    async with database.shared_connection() as connection:
        assert await fetch_value(connection, """SELECT '{"b": 1,  "a":2}'::json""") == b'{"b": 1,  "a":2}'


async def test_a_statement_is_cancelled_after_its_timeout(database_url: str, settings: Settings) -> None:
    impatient_settings = settings.model_copy(update={"statement_timeout_seconds": 0.05})
    async with Database(database_url, impatient_settings) as database:
        with pytest.raises(DatabaseTimeoutError, match="exceeded the statement timeout"):
            async with database.shared_connection() as connection:
                await connection.execute("SELECT pg_sleep(5)")


async def test_a_borrower_waits_at_most_for_the_timeout_of_the_pool(
    database_url: str, settings: Settings
) -> None:
    small = settings.model_copy(update={"pool_size": 1, "pool_wait_seconds": 0.1})
    async with Database(database_url, small) as database, database.shared_connection():
        with pytest.raises(DatabaseUnavailableError):
            async with database.shared_connection():
                raise AssertionError("the pool lent a second connection")


async def test_a_deadlock_is_a_retryable_conflict(database: Database, actor: Actor) -> None:
    await add_accounts(database, actor)
    async with database.write_transaction(actor.tenant_id, "a", "test") as first:
        await add_account(first, actor, "second")
    barrier = asyncio.Barrier(2)

    async def update(order: tuple[str, str]) -> None:
        async with database.write_transaction(actor.tenant_id, "b", "test") as connection:
            for name in order:
                tier = f"UPDATE account SET tier = '{order[0]}' WHERE name = %s"
                await connection.execute(tier, (name,))
                if name == order[0]:
                    await barrier.wait()

    orders = ("account 0", "second"), ("second", "account 0")
    results = await asyncio.gather(*map(update, orders), return_exceptions=True)
    assert [type(error) for error in results if error is not None] == [ConflictError]


async def test_an_unreachable_server_is_reported(settings: Settings) -> None:
    impatient_settings = settings.model_copy(update={"pool_wait_seconds": 0.3})
    with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
        async with Database("postgresql://nobody@127.0.0.1:1/nowhere", impatient_settings):
            raise AssertionError("the server was reachable")


async def test_a_broken_connection_is_replaced(
    one_connection: Database, actor: Actor, database_url: str
) -> None:
    await add_accounts(one_connection, actor)
    async with one_connection.shared_connection() as connection:
        pid = connection.info.backend_pid
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(DatabaseUnavailableError):
        await account_names(one_connection, actor)
    assert await account_names(one_connection, actor) == ["account 0"]


def test_the_options_of_the_url_are_kept() -> None:
    url = make_conninfo("postgresql://host/name", options="-c work_mem=8MB")
    options = conninfo_to_dict(build_service_conninfo(url, 2.5))["options"]
    assert options == (
        "-c work_mem=8MB -c role=tenure_app -c timezone=UTC -c jit=off -c statement_timeout=2500"
    )


async def test_a_value_that_postgresql_cannot_process_is_bad_user_input(
    database: Database, actor: Actor
) -> None:
    with pytest.raises(BadUserInputError, match="out of range"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute("SELECT '1e400'::jsonb::float8")


async def test_a_value_that_the_driver_rejects_is_bad_user_input(database: Database, actor: Actor) -> None:
    with pytest.raises(BadUserInputError, match="NUL"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute("SELECT %s", ("a\0",))


async def test_analyze_updates_the_statistics(database: Database, database_url: str, actor: Actor) -> None:
    async with database.write_transaction(actor.tenant_id, "test", "test") as connection:
        await connection.execute(
            "INSERT INTO account (tenant_id, name) SELECT %s, 'a' FROM generate_series(1, 500)",
            (actor.tenant_id,),
        )
    await database.analyze("account")
    with psycopg.connect(database_url) as owner:
        counts = owner.execute(
            "SELECT reltuples, (SELECT count(*) FROM account) FROM pg_class WHERE oid = 'account'::regclass"
        ).fetchone()
    assert counts
    assert counts[0] == counts[1]


async def test_the_statement_timeout_does_not_apply_to_analyze(database_url: str, settings: Settings) -> None:
    impatient_settings = settings.model_copy(update={"pool_size": 1, "statement_timeout_seconds": 0.1})
    async with Database(database_url, impatient_settings) as database:
        with psycopg.connect(database_url) as owner:
            owner.execute("LOCK TABLE account IN SHARE UPDATE EXCLUSIVE MODE")
            analyzing = asyncio.create_task(database.analyze("account"))
            await asyncio.wait([analyzing], timeout=0.5)
        await analyzing
        async with database.shared_connection() as connection:
            assert await fetch_value(connection, "SHOW statement_timeout") == "100ms"


async def test_a_statement_beyond_a_postgresql_limit_is_too_large(database: Database, actor: Actor) -> None:
    arguments = ", ".join("1" for _ in range(200))
    with pytest.raises(RequestTooLargeError, match="more than 100 arguments"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute(f"SELECT concat({arguments}), json_build_object({arguments})")


async def test_a_pool_whose_opening_was_cancelled_is_closed(
    database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the pool swallows the cancellation: the task would wait forever for another one."""

    async def open_late(pool: AsyncConnectionPool, **_: object) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    async def hold() -> None:
        async with Database(database_url, settings):
            await asyncio.sleep(60)

    monkeypatch.setattr(AsyncConnectionPool, "open", open_late)
    task = asyncio.create_task(hold())
    await asyncio.sleep(0.01)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert task in done
    assert task.cancelled()
