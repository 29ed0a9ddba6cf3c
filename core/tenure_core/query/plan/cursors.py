"""Keyset cursors: the signature of the order and the values of its keys, as JSON in URL-safe base64."""

from __future__ import annotations

import base64
import binascii

import orjson


def decode(cursor: object) -> list[object]:
    """Return the signature of a cursor's order and the value of each key; an empty list if it is invalid."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(str(cursor)))
    except (binascii.Error, ValueError):
        return []
    return content if isinstance(content, list) else []


def cursor_shape(cursor: object) -> tuple[object, ...]:
    """Return the shape of a cursor: the signature, and for each key whether its value is null."""
    return tuple(value is None if index else value for index, value in enumerate(decode(cursor)))
