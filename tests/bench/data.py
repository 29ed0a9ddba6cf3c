"""The data of the benchmark: a tenant of a given size, and another of a tenth of it, inserted with SQL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import psycopg

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role
from tenure_core.migrate import runner

CONTACTS_PER_ACCOUNT = 5
ACTIVITIES_PER_CONTACT = 5

ACCOUNTS = """
    INSERT INTO account (tenant_id, name, kind, lifecycle_stage, industry, email, employees, address_country)
    SELECT
        %(tenant)s,
        'Customer ' || to_char(mod(n * 7919, 1000000), 'FM000000'),
        (ARRAY['ORGANIZATION', 'PERSON'])[mod(n, 5) / 4 + 1],
        (ARRAY['LEAD', 'PROSPECT', 'CUSTOMER', 'AT_RISK', 'CHURNED'])[mod(n, 5) + 1],
        (ARRAY['Machinery', 'Retail', 'Health', 'Software', 'Food', NULL])[mod(n, 6) + 1],
        'office@customer' || n || '.example',
        mod(n * 31, 5000),
        (ARRAY['DE', 'FR', 'GB', 'US', 'CN', 'JP', 'BR'])[mod(n, 7) + 1]
    FROM generate_series(1, %(count)s) AS n
"""

CONTACTS = """
    INSERT INTO contact (tenant_id, account_id, first_name, last_name, email, title, preferred_channel)
    SELECT
        %(tenant)s,
        owner.id,
        (ARRAY['Ada', 'Grace', 'Emmy', 'Karl', 'Li', 'Noor', 'Ravi', 'Zoe'])[mod(n, 8) + 1],
        'Person ' || to_char(mod(n * 7919, 1000000), 'FM000000'),
        'person' || n || '@customer.example',
        (ARRAY['Buyer', 'Engineer', 'Director', NULL])[mod(n, 4) + 1],
        (ARRAY['EMAIL', 'PHONE', 'CHAT'])[mod(n, 3) + 1]
    FROM generate_series(1, %(count)s) AS n
    JOIN (
        SELECT id, row_number() OVER (ORDER BY id) AS position
        FROM account
        WHERE tenant_id = %(tenant)s
    ) AS owner ON owner.position = mod(n, %(owners)s) + 1
    ORDER BY n
"""

ACTIVITIES = """
    INSERT INTO activity (tenant_id, account_id, contact_id, kind, direction, subject, occurred_at, outcome)
    SELECT
        %(tenant)s,
        owner.account_id,
        owner.id,
        (ARRAY['CALL', 'EMAIL', 'MEETING', 'PURCHASE'])[mod(n, 4) + 1],
        (ARRAY['INBOUND', 'OUTBOUND'])[mod(n, 2) + 1],
        'Talked about order ' || n,
        timestamptz '2026-01-01 00:00:00+00' - n * interval '1 minute',
        (ARRAY['Won', 'Lost', NULL])[mod(n, 3) + 1]
    FROM generate_series(1, %(count)s) AS n
    JOIN (
        SELECT id, account_id, row_number() OVER (ORDER BY id) AS position
        FROM contact
        WHERE tenant_id = %(tenant)s
    ) AS owner ON owner.position = mod(n, %(owners)s) + 1
    ORDER BY n
"""


@dataclass(frozen=True, slots=True)
class Data:
    """The database and the measured tenant.

    Args:
        url: URL of the database, with the login of the owner of its tables.
        tenant_id: The tenant.
        key: An API key of the tenant, with the role READER.
        accounts: Number of accounts of the tenant.
    """

    url: str
    tenant_id: uuid.UUID
    key: str
    accounts: int


def prepare(url: str, accounts: int) -> Data:
    """Return the data, after inserting it if it does not exist.

    Args:
        url: URL of the database, with the login of a superuser.
        accounts: Number of accounts, which determines the number of contacts and activities.
    """
    runner.upgrade(url)
    name = f"bench of {accounts} accounts"
    tenant_id = ensure_tenant(url, name)
    other_id = ensure_tenant(url, f"{name}, the neighbour")
    if not _has_data(url, tenant_id):
        _fill(url, {tenant_id: accounts, other_id: max(accounts // 10, 1)})
    return Data(url, tenant_id, create_key(url, name, Role.READER, "bench", "bench").secret, accounts)


def _has_data(url: str, tenant_id: uuid.UUID) -> bool:
    with psycopg.connect(url) as connection:
        cursor = connection.execute("SELECT FROM account WHERE tenant_id = %s LIMIT 1", (tenant_id,))
        return cursor.fetchone() is not None


def _fill(url: str, sizes: dict[uuid.UUID, int]) -> None:
    with psycopg.connect(url) as connection:
        # Without triggers and foreign key checks, which would take minutes.
        connection.execute("SET LOCAL session_replication_role = replica")
        for tenant_id, accounts in sizes.items():
            _fill_tenant(connection, tenant_id, accounts)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE account, contact, activity")


def _fill_tenant(connection: psycopg.Connection, tenant_id: uuid.UUID, accounts: int) -> None:
    contacts = accounts * CONTACTS_PER_ACCOUNT
    activities = contacts * ACTIVITIES_PER_CONTACT
    for insert, count, owners in (
        (ACCOUNTS, accounts, 1),
        (CONTACTS, contacts, accounts),
        (ACTIVITIES, activities, contacts),
    ):
        values = {"tenant": tenant_id, "count": count, "owners": owners}
        connection.execute(insert, values)
