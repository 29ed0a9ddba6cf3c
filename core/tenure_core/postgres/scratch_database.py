"""Scratch databases: empty ones that are made for one purpose, and dropped with it."""

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
    """Make an empty database on a server, and drop it at the end.

    Args:
        server_url: A database of the server, as a login that may make others.

    Raises:
        SettingError: The login may not.
        DatabaseUnavailableError: The server can't be reached.
    """
    name = f"tenure_scratch_{uuid.uuid4().hex}"
    with connect(server_url) as server:
        server.autocommit = True
        try:
            server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        except psycopg.errors.InsufficientPrivilege:
            raise SettingError(
                "The user of DATABASE_URL may not make a database to try things in.",
                "Run this without DATABASE_URL: the embedded PostgreSQL is used then.",
            ) from None
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
