"""Writes the demo data of the core: accounts, contacts and activities."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from tenure_core.access.identity import Actor
from tenure_core.errors import TenureError
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.write.context import WriteContext
from tenure_core.write.operations.crud import create
from tenure_sdk.demo.accounts import CUSTOMERS, account_row
from tenure_sdk.demo.activities import activity_rows
from tenure_sdk.demo.contacts import contact_rows

SEED = 20_260_101
"""Seed of the random generator: the same seed and day produce identical data."""


async def load_demo(database: Database, host: Host, actor: Actor, now: datetime) -> bool:
    """Write the accounts, contacts and activities in one transaction, unless the tenant has accounts.

    Args:
        database: The database.
        host: The loaded plugins.
        actor: The writing actor, in the demo tenant.
        now: The time at which the activities end.

    Returns:
        Whether the data was written.
    """
    async with database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection:
        cursor = await connection.execute(
            "SELECT EXISTS (SELECT FROM account WHERE tenant_id = %s)", (actor.tenant_id,)
        )
        if (await cursor.fetchone() or (False,))[0]:
            return False
        await _write(host.write_context(connection, actor), now.replace(second=0, microsecond=0))
    return True


async def _write(context: WriteContext, now: datetime) -> None:
    """Write the demo data in the order of its references: accounts, contacts, activities."""
    rng = random.Random(SEED)  # noqa: S311  # demo data
    accounts = await _create(context, "Account", [account_row(rng, customer) for customer in CUSTOMERS])
    contacts = await _create_contacts(context, rng, accounts, now)
    rows = [
        row
        for customer, account, people in zip(CUSTOMERS, accounts, contacts, strict=True)
        for row in activity_rows(rng, customer, account, people, now)
    ]
    await _create(context, "Activity", rows)


async def _create_contacts(
    context: WriteContext, rng: random.Random, accounts: Sequence[UUID], now: datetime
) -> list[list[UUID]]:
    """Create the contacts of all accounts; return their ids by account."""
    groups = [contact_rows(rng, customer, now.date()) for customer in CUSTOMERS]
    rows = [
        row | {"account": {"id": str(account)}}
        for account, group in zip(accounts, groups, strict=True)
        for row in group
    ]
    ids = iter(await _create(context, "Contact", rows))
    return [list(islice(ids, len(group))) for group in groups]


async def _create(context: WriteContext, entity: str, rows: Sequence[dict[str, object]]) -> list[UUID]:
    results = await create(context, context.catalog[entity], rows)
    for result in results:
        if result.id is None or result.errors:
            raise TenureError(f"Demo row {result.index} of {entity} was rejected: {result.errors[0]}.")
    return [result.id for result in results if result.id]
