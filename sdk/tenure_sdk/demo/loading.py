"""Puts the demo's story into the tenant `demo`, once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog
from tenure_core.errors import TenureError
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.write.operations.crud import create
from tenure_sdk.demo.accounts import CUSTOMERS, account_row
from tenure_sdk.demo.activities import activity_rows
from tenure_sdk.demo.contacts import contact_rows

SEED = 20_260_101
"""With the same seed and the same day the story is the same to the last digit."""


async def load_demo(database: Database, catalog: Catalog, actor: Actor, now: datetime) -> bool:
    """Write the demo's accounts, contacts and activities in one transaction, unless the tenant has accounts.

    Args:
        database: Where to.
        catalog: The core's entities.
        actor: Who writes, and for which tenant.
        now: The moment that the story ends.

    Returns:
        Whether anything was written.
    """
    async with database.write_transaction(actor.tenant_id, str(actor.key_id), actor.origin) as connection:
        cursor = await connection.execute(
            "SELECT EXISTS (SELECT FROM account WHERE tenant_id = %s)", (actor.tenant_id,)
        )
        if (await cursor.fetchone() or (False,))[0]:
            return False
        chance = random.Random(SEED)  # noqa: S311  # a story, not a secret
        await _Loader(connection, catalog, actor).load(chance, now.replace(second=0, microsecond=0))
    return True


class _Loader:
    """Writes the story in the order in which its parts refer to each other."""

    def __init__(self, connection: TenantConnection, catalog: Catalog, actor: Actor) -> None:
        self._connection = connection
        self._catalog = catalog
        self._actor = actor

    async def load(self, chance: random.Random, now: datetime) -> None:
        accounts = await self._create("Account", [account_row(chance, one) for one in CUSTOMERS])
        contacts = await self._create_contacts(chance, accounts, now)
        cast = zip(CUSTOMERS, accounts, contacts, strict=True)
        await self._create("Activity", [row for part in cast for row in activity_rows(chance, *part, now)])

    async def _create_contacts(
        self, chance: random.Random, accounts: Sequence[UUID], now: datetime
    ) -> list[list[UUID]]:
        groups = [contact_rows(chance, customer, now.date()) for customer in CUSTOMERS]
        belonging = [
            row | {"account": {"id": str(account)}}
            for account, group in zip(accounts, groups, strict=True)
            for row in group
        ]
        ids = iter(await self._create("Contact", belonging))
        return [list(islice(ids, len(group))) for group in groups]

    async def _create(self, entity: str, rows: Sequence[dict[str, object]]) -> list[UUID]:
        results = await create(self._connection, self._catalog, self._catalog[entity], self._actor, rows)
        for result in results:
            if result.id is None or result.errors:
                raise TenureError(f"The demo's {entity} {result.index} was refused: {result.errors[0]}.")
        return [result.id for result in results if result.id]
