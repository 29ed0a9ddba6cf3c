"""The pool: who a connection acts for, also after errors, and what people are told when it does not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenure_core.access.identity import Actor
from tenure_core.errors import (
    BadUserInputError,
    ConflictError,
    DatabaseTimeoutError,
    DatabaseUnavailableError,
    RequestTooLargeError,
    TenureError,
)
from tenure_core.postgres.database import Database, TenantConnection, service_conninfo
from tenure_core.settings import Settings

BOUND_TO = "SELECT current_setting('tenure.tenant_id')"


@pytest.fixture
async def one_connection(database_url: str, settings: Settings) -> AsyncIterator[Database]:
    """A pool with a single connection, so that every borrower gets the one before's."""
    async with Database(database_url, settings.model_copy(update={"pool_size": 1})) as database:
        yield database


async def add_account(connection: TenantConnection, actor: Actor, name: str) -> None:
    await connection.execute("INSERT INTO account (tenant_id, name) VALUES (%s, %s)", (actor.tenant_id, name))


async def names(database: Database, actor: Actor) -> list[str]:
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute("SELECT name FROM account ORDER BY name")
        return [row[0] for row in await cursor.fetchall()]


async def fill(database: Database, *actors: Actor) -> None:
    for number, actor in enumerate(actors):
        async with database.write_transaction(actor.tenant_id, "tester", "test") as connection:
            await add_account(connection, actor, f"account {number}")


async def value(connection: TenantConnection, query: str) -> Any:
    row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row[0]


async def test_one_connection_serves_tenants_in_turn(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await fill(one_connection, actor, other_actor)
    for _ in range(3):
        assert await names(one_connection, actor) == ["account 0"]
        assert await names(one_connection, other_actor) == ["account 1"]


async def test_tenants_at_once_see_their_own(database: Database, actor: Actor, other_actor: Actor) -> None:
    await fill(database, actor, other_actor)
    seen = await asyncio.gather(*(names(database, one) for one in (actor, other_actor) * 20))
    assert seen == [["account 0"], ["account 1"]] * 20


async def test_an_error_leaves_the_next_borrower_in_the_tenant_of_his_own(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await fill(one_connection, actor, other_actor)
    for failing in ("SELECT 1/0", "SELECT nothing", "INSERT INTO contact (tenant_id) VALUES (NULL)"):
        with pytest.raises(TenureError):
            await run(one_connection, actor, failing)
        assert await names(one_connection, other_actor) == ["account 1"]
        assert await names(one_connection, actor) == ["account 0"]


async def run(database: Database, actor: Actor, statement: str) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        await connection.execute(statement)


async def test_a_tenant_bound_in_a_failed_transaction_is_bound_anew(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    await fill(one_connection, actor, other_actor)
    with pytest.raises(TenureError):
        await write_and_fail(one_connection, other_actor)
    assert await names(one_connection, actor) == ["account 0"]
    assert await names(one_connection, other_actor) == ["account 1"]


async def write_and_fail(database: Database, actor: Actor) -> None:
    async with database.write_transaction(actor.tenant_id, "tester", "test") as connection:
        await add_account(connection, actor, "never")
        await connection.execute("SELECT 1/0")


async def test_a_binding_that_was_rolled_back_is_made_anew(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    async with one_connection.tenant_connection(actor.tenant_id) as connection:
        async with connection.transaction(force_rollback=True):
            await connection.bind(other_actor.tenant_id)
        await connection.bind(other_actor.tenant_id)
        assert await value(connection, BOUND_TO) == str(other_actor.tenant_id)


async def test_a_binding_that_was_cancelled_is_made_anew(
    one_connection: Database, actor: Actor, other_actor: Actor
) -> None:
    for _ in range(10):
        async with one_connection.tenant_connection(actor.tenant_id) as connection:
            binding = asyncio.create_task(connection.bind(other_actor.tenant_id))
            await asyncio.sleep(0)
            binding.cancel()
            await asyncio.wait([binding])
            await connection.bind(actor.tenant_id)
            assert await value(connection, BOUND_TO) == str(actor.tenant_id)


async def test_who_writes_is_captured_and_forgotten_with_the_transaction(
    one_connection: Database, actor: Actor
) -> None:
    async with one_connection.write_transaction(actor.tenant_id, "key 7", "erp") as connection:
        await add_account(connection, actor, "a")
    async with one_connection.tenant_connection(actor.tenant_id) as connection:
        await add_account(connection, actor, "b")
        cursor = await connection.execute("SELECT actor, origin FROM change ORDER BY seq")
        [named, unnamed] = await cursor.fetchall()
    assert named == ("key 7", "erp")
    assert unnamed[1] == "sql"


async def test_a_connection_acts_as_the_role_that_owns_nothing(database: Database, actor: Actor) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        assert await value(connection, "SELECT current_user::text") == "tenure_app"
        assert await value(connection, "SHOW timezone") == "UTC"


async def test_json_comes_as_the_bytes_that_postgresql_wrote(database: Database) -> None:
    async with database.shared_connection() as connection:
        assert await value(connection, """SELECT '{"b": 1,  "a":2}'::json""") == b'{"b": 1,  "a":2}'


async def test_a_statement_that_runs_too_long_is_cancelled(database_url: str, settings: Settings) -> None:
    hasty = settings.model_copy(update={"statement_timeout_seconds": 0.05})
    async with Database(database_url, hasty) as database:
        with pytest.raises(DatabaseTimeoutError, match="longer than allowed"):
            async with database.shared_connection() as connection:
                await connection.execute("SELECT pg_sleep(5)")


async def test_a_borrower_waits_no_longer_than_allowed(database_url: str, settings: Settings) -> None:
    small = settings.model_copy(update={"pool_size": 1, "pool_wait_seconds": 0.1})
    async with Database(database_url, small) as database, database.shared_connection():
        with pytest.raises(DatabaseUnavailableError):
            async with database.shared_connection():
                raise AssertionError("there was no connection left to lend")


async def test_a_deadlock_is_a_conflict_to_send_again(database: Database, actor: Actor) -> None:
    await fill(database, actor)
    async with database.write_transaction(actor.tenant_id, "a", "test") as first:
        await add_account(first, actor, "second")
    turns = asyncio.Barrier(2)

    async def update(order: tuple[str, str]) -> None:
        async with database.write_transaction(actor.tenant_id, "b", "test") as connection:
            for name in order:
                tier = f"UPDATE account SET tier = '{order[0]}' WHERE name = %s"
                await connection.execute(tier, (name,))
                if name == order[0]:
                    await turns.wait()

    ways = ("account 0", "second"), ("second", "account 0")
    results = await asyncio.gather(*map(update, ways), return_exceptions=True)
    assert [type(one) for one in results if one is not None] == [ConflictError]


async def test_a_server_that_is_not_there_is_an_error_for_people(settings: Settings) -> None:
    hasty = settings.model_copy(update={"pool_wait_seconds": 0.3})
    with pytest.raises(DatabaseUnavailableError, match="can't be reached"):
        async with Database("postgresql://nobody@127.0.0.1:1/nowhere", hasty):
            raise AssertionError("nobody listens there")


async def test_a_connection_that_died_is_replaced(
    one_connection: Database, actor: Actor, database_url: str
) -> None:
    await fill(one_connection, actor)
    async with one_connection.shared_connection() as connection:
        pid = connection.info.backend_pid
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(DatabaseUnavailableError):
        await names(one_connection, actor)
    assert await names(one_connection, actor) == ["account 0"]


def test_options_of_the_url_are_kept_beside_ours() -> None:
    url = make_conninfo("postgresql://host/name", options="-c work_mem=8MB")
    options = conninfo_to_dict(service_conninfo(url, 2.5))["options"]
    assert options == (
        "-c work_mem=8MB -c role=tenure_app -c timezone=UTC -c jit=off -c statement_timeout=2500"
    )


async def test_a_value_that_cannot_be_computed_with_is_the_clients(database: Database, actor: Actor) -> None:
    with pytest.raises(BadUserInputError, match="out of range"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute("SELECT '1e400'::jsonb::float8")


async def test_a_value_that_the_driver_refuses_is_told_in_its_words(database: Database, actor: Actor) -> None:
    with pytest.raises(BadUserInputError, match="NUL"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute("SELECT %s", ("a\0",))


async def test_statistics_are_made_anew_after_a_load(
    database: Database, database_url: str, actor: Actor
) -> None:
    async with database.write_transaction(actor.tenant_id, "test", "test") as connection:
        await connection.execute(
            "INSERT INTO account (tenant_id, name) SELECT %s, 'a' FROM generate_series(1, 500)",
            (actor.tenant_id,),
        )
    await database.analyze("account")
    with psycopg.connect(database_url) as owner:
        counted = owner.execute(
            "SELECT reltuples, (SELECT count(*) FROM account) FROM pg_class WHERE oid = 'account'::regclass"
        ).fetchone()
    assert counted
    assert counted[0] == counted[1]


async def test_statistics_may_take_longer_than_a_statement(database_url: str, settings: Settings) -> None:
    hasty = settings.model_copy(update={"pool_size": 1, "statement_timeout_seconds": 0.1})
    async with Database(database_url, hasty) as database:
        with psycopg.connect(database_url) as owner:
            owner.execute("LOCK TABLE account IN SHARE UPDATE EXCLUSIVE MODE")
            analyzing = asyncio.create_task(database.analyze("account"))
            await asyncio.wait([analyzing], timeout=0.5)
        await analyzing
        async with database.shared_connection() as connection:
            assert await value(connection, "SHOW statement_timeout") == "100ms"


async def test_what_is_too_large_for_postgresql_is_too_large_a_request(
    database: Database, actor: Actor
) -> None:
    arguments = ", ".join("1" for _ in range(200))
    with pytest.raises(RequestTooLargeError, match="more than 100 arguments"):
        async with database.tenant_connection(actor.tenant_id) as connection:
            await connection.execute(f"SELECT concat({arguments}), json_build_object({arguments})")
