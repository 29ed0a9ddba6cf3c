"""The report: a row for each bar, and the versions of the measured software."""

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
    """A measurement and its bar.

    Args:
        what: The measured quantity.
        measured: The measured value, as text.
        bar: The bar, as text.
        ok: Whether the value satisfies the bar.
    """

    what: str
    measured: str
    bar: str
    ok: bool


def at_least(what: str, ratio: float, bar: float, detail: str) -> Row:
    """Return the row of a ratio with a lower bound."""
    return Row(what, f"{ratio:.2f} ({detail})", f">= {bar:g}", ratio >= bar)


def at_most(what: str, number: float, bar: float, unit: str = "", detail: str = "") -> Row:
    """Return the row of a number with an upper bound."""
    measured = f"{number:.3g}{unit}" + (f" ({detail})" if detail else "")
    return Row(what, measured, f"<= {bar:g}{unit}", number <= bar)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table with aligned columns."""
    head = ("what", "measured", "bar", "")
    cells = [head, *((r.what, r.measured, r.bar, "ok" if r.ok else "MISSED") for r in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def environment(url: str) -> str:
    """Describe the machine and the versions."""
    with psycopg.connect(url) as connection:
        postgres = connection.info.parameter_status("server_version")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, PostgreSQL {postgres}, {libraries}"
    )
