"""Keys: makes tenants and their API keys, as the owner of the tables; the service itself can't read them."""

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
"""Characters of a tenant's name, at most."""


def create_key(url: str, tenant_name: str, role: str, name: str, origin: str) -> NewApiKey:
    """Make an API key; the tenant, too, where there is none of that name.

    Args:
        url: The database, as the owner of its tables.
        tenant_name: Whose data the key opens.
        role: What its bearer may do: a `Role`, or a role that a plugin brings.
        name: What people call the key.
        origin: The system that will use it: the change feed names it with every write.

    Raises:
        BadUserInputError: The tenant's name is blank or too long.
        DatabaseUnavailableError: The database can't be reached.
    """
    secret = new_secret()
    columns = "(tenant_id, name, role, origin, hash)"
    with _connect(url) as connection:
        tenant_id, created = _insert_tenant(connection, tenant_name)
        [(key_id,)] = connection.execute(
            f"INSERT INTO api_key {columns} VALUES (%s, %s, %s, %s, %s) RETURNING id",
            (tenant_id, name, str(role), origin, hash_key(secret)),
        )
    return NewApiKey(secret, key_id, created)


def ensure_tenant(url: str, name: str) -> uuid.UUID:
    """Return the id of the tenant with a name; it is made where there is none.

    Raises:
        BadUserInputError: The name is blank or too long.
        DatabaseUnavailableError: The database can't be reached.
    """
    with _connect(url) as connection:
        return _insert_tenant(connection, name)[0]


def find_tenant(url: str, name: str) -> uuid.UUID | None:
    """Return the id of the tenant with a name, or None where there is none.

    Raises:
        BadUserInputError: The name is blank or too long, so there can't be one.
        DatabaseUnavailableError: The database can't be reached.
    """
    _check_name(name)
    known: uuid.UUID | None
    with _connect(url) as connection:
        [(known,)] = connection.execute("SELECT (SELECT id FROM tenant WHERE name = %s)", (name,))
    return known


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(url) as connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise translate_error(error) from error


def _insert_tenant(connection: psycopg.Connection[Any], name: str) -> tuple[uuid.UUID, bool]:
    """Return a tenant's id, and whether it was made just now."""
    _check_name(name)
    insert = "INSERT INTO tenant (name) VALUES (%s) ON CONFLICT (name) DO NOTHING RETURNING id"
    for (made,) in connection.execute(insert, (name,)):
        return made, True
    [(known,)] = connection.execute("SELECT id FROM tenant WHERE name = %s", (name,))
    return known, False


def _check_name(name: str) -> None:
    if not name.strip():
        raise BadUserInputError("The name of the tenant is blank.", "Give it one that people know it by.")
    if len(name) > MAX_NAME_LENGTH:
        raise BadUserInputError(
            f"The name of the tenant has {len(name)} characters.", f"Give it {MAX_NAME_LENGTH} at most."
        )
