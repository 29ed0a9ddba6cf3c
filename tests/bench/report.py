"""The report: one row for each bar, and what they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import psycopg

LIBRARIES = ("psycopg", "uvicorn", "starlette", "strawberry-graphql", "graphql-core", "sqlalchemy", "orjson")


@dataclass(frozen=True, slots=True)
class Row:
    """One bar.

    Args:
        what: What is measured.
        measured: What came out, for people.
        bar: What must come out, for people.
        ok: Whether it did.
    """

    what: str
    measured: str
    bar: str
    ok: bool


def at_least(what: str, ratio: float, bar: float, detail: str) -> Row:
    """Return the row of a ratio that must not be smaller than its bar."""
    return Row(what, f"{ratio:.2f} ({detail})", f">= {bar:g}", ratio >= bar)


def at_most(what: str, number: float, bar: float, unit: str = "", detail: str = "") -> Row:
    """Return the row of a number that must not be larger than its bar."""
    shown = f"{number:.3g}{unit}" + (f" ({detail})" if detail else "")
    return Row(what, shown, f"<= {bar:g}{unit}", number <= bar)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table that can be read as it is."""
    head = ("what", "measured", "bar", "")
    cells = [head, *((r.what, r.measured, r.bar, "ok" if r.ok else "MISSED") for r in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def surroundings(url: str) -> str:
    """Return what the numbers were measured on."""
    with psycopg.connect(url) as connection:
        postgres = connection.info.parameter_status("server_version")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, PostgreSQL {postgres}, {libraries}"
    )
