"""Temporary databases, for comparisons of schemas and for the conformance kit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

from tenure_core.errors import SettingError
from tenure_core.postgres.owner_connection import connect


@contextmanager
def scratch_database(server_url: str) -> Iterator[str]:
    """Create an empty database, and drop it when the context is left.

    Args:
        server_url: URL of a database of the server, with a login that may create databases.

    Yields:
        The connection string of the new database.

    Raises:
        SettingError: The login may not create databases.
        DatabaseUnavailableError: The server can't be reached.
    """
    name = f"tenure_scratch_{uuid.uuid4().hex}"
    with connect(server_url) as server:
        server.autocommit = True
        try:
            server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        except psycopg.errors.InsufficientPrivilege:
            raise SettingError(
                "The user of DATABASE_URL may not create a temporary database.",
                "Unset DATABASE_URL to use the embedded PostgreSQL, or grant CREATEDB.",
            ) from None
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
