"""The demo's story: taken whole by the write path, told once per tenant, true to each customer's stage."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

import pytest
from tests.support.actors import actor_in_fresh_tenant

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.postgres.database import Database
from tenure_sdk.demo.accounts import CUSTOMERS, account_row
from tenure_sdk.demo.activities import activity_rows
from tenure_sdk.demo.contacts import contact_rows
from tenure_sdk.demo.loading import load_demo

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)


async def numbers(database: Database, actor: Actor, query: str) -> dict:
    """Return what a query of two columns says of the actor's tenant."""
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute(query)
        return dict(await cursor.fetchall())


@pytest.fixture(scope="module")
async def told(database: Database, catalog: Catalog, database_url: str) -> Actor:
    """An actor in whose tenant the story was told."""
    actor = actor_in_fresh_tenant(database_url, Role.ADMIN)
    assert await load_demo(database, catalog, actor, NOW)
    return actor


async def test_the_story_has_the_size_of_a_small_business(database: Database, told: Actor) -> None:
    found = await numbers(
        database,
        told,
        "SELECT 'accounts', count(*) FROM account UNION ALL SELECT 'contacts', count(*) FROM contact "
        "UNION ALL SELECT 'activities', count(*) FROM activity",
    )
    assert found["accounts"] == 40
    assert 100 <= found["contacts"] <= 140
    assert 1_300 <= found["activities"] <= 1_700


async def test_the_story_is_told_once(database: Database, catalog: Catalog, told: Actor) -> None:
    assert not await load_demo(database, catalog, told, NOW)
    assert await numbers(database, told, "SELECT 'accounts', count(*) FROM account") == {"accounts": 40}


async def test_purchases_tell_the_stage_of_their_customer(database: Database, told: Actor) -> None:
    days_since_the_last = await numbers(
        database,
        told,
        f"SELECT a.lifecycle_stage, extract(day FROM '{NOW}' - max(x.occurred_at))::int "
        "FROM account a JOIN activity x ON x.account_id = a.id WHERE x.kind = 'PURCHASE' GROUP BY 1",
    )
    assert days_since_the_last.keys() == {"CUSTOMER", "AT_RISK", "CHURNED"}
    assert days_since_the_last["CUSTOMER"] < 20
    assert 40 <= days_since_the_last["AT_RISK"] < 120
    assert days_since_the_last["CHURNED"] >= 165


async def test_those_who_left_were_unhappy_first(database: Database, told: Actor) -> None:
    mood = await numbers(
        database,
        told,
        "SELECT a.lifecycle_stage, avg(x.sentiment) FROM account a "
        "JOIN activity x ON x.account_id = a.id GROUP BY 1",
    )
    assert mood["CHURNED"] < mood["AT_RISK"] < 0 < mood["CUSTOMER"]


async def test_nothing_happens_after_now(database: Database, told: Actor) -> None:
    later = await numbers(
        database, told, f"SELECT 'later', count(*) FROM activity WHERE occurred_at > '{NOW}'"
    )
    assert later == {"later": 0}


async def test_customers_are_found_in_english_and_in_chinese(database: Database, told: Actor) -> None:
    for word, name in (("bearings", "Halden Bearings"), ("物流", "成都锦江物流有限公司")):
        found = await numbers(
            database, told, f"SELECT name, id FROM account WHERE search @@ tenure_search_query('{word}')"
        )
        assert list(found) == [name]


def test_the_same_seed_and_day_tell_the_same_story() -> None:
    assert told_with(7) == told_with(7)
    assert told_with(7) != told_with(8)


def told_with(seed: int) -> list[dict[str, object]]:
    chance, account, contacts = random.Random(seed), uuid.UUID(int=1), [uuid.UUID(int=2), uuid.UUID(int=3)]
    return [
        row
        for customer in CUSTOMERS
        for row in (
            account_row(chance, customer),
            *contact_rows(chance, customer, NOW.date()),
            *activity_rows(chance, customer, account, contacts, NOW),
        )
    ]
