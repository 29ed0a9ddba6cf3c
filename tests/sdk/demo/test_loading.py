"""The demo data of the core: its size, its consistency with lifecycle stages, and its determinism."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

import pytest
from tests.support.actors import create_actor

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog
from tenure_core.plugins.host import core_host
from tenure_core.postgres.database import Database
from tenure_sdk.demo.accounts import CUSTOMERS, account_row
from tenure_sdk.demo.activities import activity_rows
from tenure_sdk.demo.contacts import contact_rows
from tenure_sdk.demo.loading import load_demo

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)


async def query_pairs(database: Database, actor: Actor, query: str) -> dict:
    """Return the result of a query with two columns in the actor's tenant."""
    async with database.tenant_connection(actor.tenant_id) as connection:
        cursor = await connection.execute(query)
        return dict(await cursor.fetchall())


@pytest.fixture(scope="module")
async def demo_actor(database: Database, catalog: Catalog, database_url: str) -> Actor:
    """An actor in a tenant with the demo data."""
    actor = create_actor(database_url, Role.ADMIN)
    assert await load_demo(database, core_host(), actor, NOW)
    return actor


async def test_the_demo_has_the_size_of_a_small_business(database: Database, demo_actor: Actor) -> None:
    rows = await query_pairs(
        database,
        demo_actor,
        "SELECT 'accounts', count(*) FROM account UNION ALL SELECT 'contacts', count(*) FROM contact "
        "UNION ALL SELECT 'activities', count(*) FROM activity",
    )
    assert rows["accounts"] == 40
    assert 100 <= rows["contacts"] <= 140
    assert 1_300 <= rows["activities"] <= 1_700


async def test_the_demo_is_loaded_once(database: Database, catalog: Catalog, demo_actor: Actor) -> None:
    assert not await load_demo(database, core_host(), demo_actor, NOW)
    assert await query_pairs(database, demo_actor, "SELECT 'accounts', count(*) FROM account") == {
        "accounts": 40
    }


async def test_the_last_purchase_matches_the_lifecycle_stage(database: Database, demo_actor: Actor) -> None:
    days_since_last_purchase = await query_pairs(
        database,
        demo_actor,
        f"SELECT a.lifecycle_stage, extract(day FROM '{NOW}' - max(x.occurred_at))::int "
        "FROM account a JOIN activity x ON x.account_id = a.id WHERE x.kind = 'PURCHASE' GROUP BY 1",
    )
    assert days_since_last_purchase.keys() == {"CUSTOMER", "AT_RISK", "CHURNED"}
    assert days_since_last_purchase["CUSTOMER"] < 20
    assert 40 <= days_since_last_purchase["AT_RISK"] < 120
    assert days_since_last_purchase["CHURNED"] >= 165


async def test_churned_customers_have_the_lowest_sentiment(database: Database, demo_actor: Actor) -> None:
    sentiment = await query_pairs(
        database,
        demo_actor,
        "SELECT a.lifecycle_stage, avg(x.sentiment) FROM account a "
        "JOIN activity x ON x.account_id = a.id GROUP BY 1",
    )
    assert sentiment["CHURNED"] < sentiment["AT_RISK"] < 0 < sentiment["CUSTOMER"]


async def test_no_activity_is_in_the_future(database: Database, demo_actor: Actor) -> None:
    later = await query_pairs(
        database, demo_actor, f"SELECT 'later', count(*) FROM activity WHERE occurred_at > '{NOW}'"
    )
    assert later == {"later": 0}


async def test_text_search_finds_english_and_chinese_names(database: Database, demo_actor: Actor) -> None:
    for word, name in (("bearings", "Halden Bearings"), ("物流", "成都锦江物流有限公司")):
        rows = await query_pairs(
            database,
            demo_actor,
            f"SELECT name, id FROM account WHERE search @@ tenure_search_query('{word}')",
        )
        assert list(rows) == [name]


def test_the_same_seed_and_day_produce_the_same_rows() -> None:
    assert rows_with_seed(7) == rows_with_seed(7)
    assert rows_with_seed(7) != rows_with_seed(8)


def rows_with_seed(seed: int) -> list[dict[str, object]]:
    rng, account, contacts = random.Random(seed), uuid.UUID(int=1), [uuid.UUID(int=2), uuid.UUID(int=3)]
    return [
        row
        for customer in CUSTOMERS
        for row in (
            account_row(rng, customer),
            *contact_rows(rng, customer, NOW.date()),
            *activity_rows(rng, customer, account, contacts, NOW),
        )
    ]
