"""The owner's connection: for the few things that the service itself may not do, such as making keys."""

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
        url: The database; a `connect_timeout` in it is kept.

    Raises:
        SettingError: The URL is malformed.
        DatabaseUnavailableError: The database can't be reached, or refuses.
    """
    try:
        timeout = conninfo_to_dict(url).get("connect_timeout", CONNECT_SECONDS)
        return psycopg.connect(url, connect_timeout=timeout, application_name="tenure")
    except psycopg.ProgrammingError as error:
        reason = str(error).strip()
        raise SettingError(
            f"DATABASE_URL is malformed: {reason}.", "It looks like postgresql://user@host/name."
        ) from None
    except psycopg.Error as error:
        raise translate_error(error) from error
