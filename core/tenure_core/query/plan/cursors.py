"""Cursors: the order that a position is in, and the values of that order's keys there, as one opaque text."""

from __future__ import annotations

import base64
import binascii

import orjson


def decode(cursor: object) -> list[object]:
    """Return a cursor's content: its order's signature, then a value per key; nothing if it is none."""
    try:
        held = orjson.loads(base64.urlsafe_b64decode(str(cursor)))
    except (binascii.Error, ValueError):
        return []
    return held if isinstance(held, list) else []


def cursor_shape(cursor: object) -> tuple[object, ...]:
    """Return what of a cursor shapes a plan: the signature of its order, then whether each value is empty."""
    return tuple(value is None if place else value for place, value in enumerate(decode(cursor)))
