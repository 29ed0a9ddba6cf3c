"""The operations that changes record, and the template by which triggers capture the values of a record."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.fields import StoredForm

HISTORY = "history"
"""The field of every record that lists its changes."""


class ChangeOperation(StrEnum):
    """What a change did to its record."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    PURGE = "PURGE"


def capture_template(entity: EntityInfo) -> dict[str, Any]:
    """Return the values that triggers capture: the shape of the entity's input, with column names as values.

    Migrations pass it to the SQL function `tenure_capture` as JSON.
    """
    return {f.name: _column_names(f.stored_form) for f in entity.stored_fields if f.stored_form is not None}


def _column_names(form: StoredForm) -> object:
    return {key: column.name for key, column in form.items()} if isinstance(form, Mapping) else form.name
