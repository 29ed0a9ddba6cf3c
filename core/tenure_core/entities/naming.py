"""Names: how Python names become the names of tables and of the API."""

from __future__ import annotations

import re


def snake_case(name: str) -> str:
    """Return a class name as a table's name: WorkOrder becomes work_order."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """Return a Python name as the API writes it: created_at becomes createdAt."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def upper_case(name: str) -> str:
    """Return an API name as an enum value: durationSeconds becomes DURATION_SECONDS."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def humanize(name: str) -> str:
    """Return a Python name as words: created_at becomes "created at"."""
    return name.replace("_", " ")


def pluralize(name: str) -> str:
    """Return the usual English plural of a class name as the API writes it: Activity becomes activities."""
    single = name[0].lower() + name[1:]
    if re.search(r"[^aeiou]y$", single):
        return single[:-1] + "ies"
    return single + ("es" if re.search(r"(s|x|ch|sh)$", single) else "s")
