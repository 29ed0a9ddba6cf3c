"""Arrays: lists as PostgreSQL reads them, written in a tenth of the time that the driver needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import orjson


def array(values: Iterable[str | UUID | bool | None]) -> str:
    """Return values as the text of an array, for a parameter that the statement casts to one.

    JSON and arrays of PostgreSQL write texts, truths and nothing the same way, but for what is escaped.
    """
    listed = list(values)
    written = orjson.dumps(listed).decode()
    if "\\" in written:
        return f"{{{','.join(map(_escaped, listed))}}}"
    return f"{{{written[1:-1]}}}"


def _escaped(value: str | UUID | bool | None) -> str:
    if not isinstance(value, str):
        return "NULL" if value is None else str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
