"""Conversion of Python names to names of tables and names in the API."""

from __future__ import annotations

import re


def snake_case(name: str) -> str:
    """Return the table name for a class name: work_order for WorkOrder."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """Return the API name for a Python name: createdAt for created_at."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def upper_case(name: str) -> str:
    """Return the enum value for an API name: DURATION_SECONDS for durationSeconds."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def humanize(name: str) -> str:
    """Return a Python name as words: "created at" for created_at."""
    return name.replace("_", " ")


def pluralize(name: str) -> str:
    """Return the API name of a list of a class, its English plural: activities for Activity."""
    singular = name[0].lower() + name[1:]
    if re.search(r"[^aeiou]y$", singular):
        return singular[:-1] + "ies"
    return singular + ("es" if re.search(r"(s|x|ch|sh)$", singular) else "s")
