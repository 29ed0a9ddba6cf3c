"""Creates tenants and API keys over the table owner's connection. The service cannot read them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tenure_core.access.identity import NewApiKey, hash_key, new_secret
from tenure_core.errors import BadUserInputError
from tenure_core.postgres.database import translate_error
from tenure_core.postgres.owner_connection import connect

MAX_NAME_LENGTH = 200
"""Maximum length of a tenant's name, in characters."""


def create_key(url: str, tenant_name: str, role: str, name: str, origin: str) -> NewApiKey:
    """Create an API key, and its tenant if no tenant has this name.

    Args:
        url: URL of the database, with the login that owns the tables.
        tenant_name: Name of the tenant.
        role: Role of the key: a `Role`, or a role that a plugin defines.
        name: Display name of the key.
        origin: The system that will use the key; the change feed contains it.

    Raises:
        BadUserInputError: The tenant's name is blank or too long.
        DatabaseUnavailableError: No connection could be opened.
    """
    secret = new_secret()
    columns = "(tenant_id, name, role, origin, hash)"
    with _connect(url) as connection:
        tenant_id, created = _upsert_tenant(connection, tenant_name)
        [(key_id,)] = connection.execute(
            f"INSERT INTO api_key {columns} VALUES (%s, %s, %s, %s, %s) RETURNING id",
            (tenant_id, name, str(role), origin, hash_key(secret)),
        )
    return NewApiKey(secret, key_id, created)


def ensure_tenant(url: str, name: str) -> uuid.UUID:
    """Return the id of the tenant with a name. The tenant is created if it does not exist.

    Raises:
        BadUserInputError: The name is blank or too long.
        DatabaseUnavailableError: No connection could be opened.
    """
    with _connect(url) as connection:
        return _upsert_tenant(connection, name)[0]


def find_tenant(url: str, name: str) -> uuid.UUID | None:
    """Return the id of the tenant with a name, or None if it does not exist.

    Raises:
        BadUserInputError: The name is blank or too long.
        DatabaseUnavailableError: No connection could be opened.
    """
    _check_name(name)
    tenant_id: uuid.UUID | None
    with _connect(url) as connection:
        [(tenant_id,)] = connection.execute("SELECT (SELECT id FROM tenant WHERE name = %s)", (name,))
    return tenant_id


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url) as connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise translate_error(error) from error


def _upsert_tenant(connection: psycopg.Connection[Any], name: str) -> tuple[uuid.UUID, bool]:
    """Return the tenant's id, and whether it was created."""
    _check_name(name)
    insert = "INSERT INTO tenant (name) VALUES (%s) ON CONFLICT (name) DO NOTHING RETURNING id"
    for (tenant_id,) in connection.execute(insert, (name,)):
        return tenant_id, True
    [(tenant_id,)] = connection.execute("SELECT id FROM tenant WHERE name = %s", (name,))
    return tenant_id, False


def _check_name(name: str) -> None:
    if not name.strip():
        raise BadUserInputError("The tenant's name is blank.", "Use the customer's name, for example.")
    if len(name) > MAX_NAME_LENGTH:
        raise BadUserInputError(
            f"The tenant's name has {len(name)} characters.", f"Use at most {MAX_NAME_LENGTH} characters."
        )
