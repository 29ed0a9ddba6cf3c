"""Connections as the owner of the tables, for operations that the service may not perform."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tenure_core.errors import SettingError
from tenure_core.postgres.database import translate_error

CONNECT_SECONDS = 10


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection as the owner of the tables.

    Args:
        url: URL of the database. Its `connect_timeout` has priority over the default of 10 seconds.

    Raises:
        SettingError: The URL is malformed.
        DatabaseUnavailableError: The database can't be reached, or rejects the login.
    """
    try:
        timeout = conninfo_to_dict(url).get("connect_timeout", CONNECT_SECONDS)
        return psycopg.connect(url, connect_timeout=timeout, application_name="tenure")
    except psycopg.ProgrammingError as error:
        reason = str(error).strip()
        raise SettingError(
            f"DATABASE_URL is malformed: {reason}.", "Use the form postgresql://user@host/name."
        ) from None
    except psycopg.Error as error:
        raise translate_error(error) from error
