"""Computed fields of the sample: each as SQL for PostgreSQL, and as Python for the model in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, cast, exists, func, select

from tenure_core.access.identity import Actor
from tenure_core.entities.computed import ComputedColumn
from tenure_core.entities.model import Account, Activity, Contact
from tenure_core.entities.scalar_types import BOOLEAN, DATE, FLOAT, INT, STRING, STRING_LIST

Row = dict[str, Any]

PLUGIN = "sample"
"""What brings them."""


def _talkers(row: FromClause) -> ColumnElement[Any]:
    """Two selects deep, with a constant, and a name for the table within."""
    person = Contact.__table__.alias("person")
    called = exists().where(
        Activity.tenant_id == row.c.tenant_id, Activity.contact_id == person.c.id, Activity.kind.in_(["CALL"])
    )
    found = select(func.count()).select_from(person)
    return found.where(
        person.c.tenant_id == row.c.tenant_id, person.c.account_id == row.c.id, called
    ).scalar_subquery()


def _last_heard(row: FromClause) -> ColumnElement[Any]:
    heard = select(func.max(Activity.occurred_at)).where(
        Activity.tenant_id == row.c.tenant_id, Activity.account_id == row.c.id
    )
    return cast(func.timezone("UTC", heard.scalar_subquery()), Date)


def with_sample(actor: Actor) -> Actor:
    """Return an actor whose tenant has enabled them."""
    return replace(actor, plugins=frozenset((PLUGIN,)))


COMPUTED = [
    ComputedColumn(
        entity=Account, name="talkers", scalar_type=INT, doc="People called.", expression=_talkers
    ),
    ComputedColumn(
        entity=Account,
        name="last_heard",
        scalar_type=DATE,
        doc="The last activity's day.",
        expression=_last_heard,
    ),
    ComputedColumn(
        entity=Contact,
        name="initial",
        scalar_type=STRING,
        doc="The first letter, and 100%.",
        expression=lambda row: func.left(row.c.last_name, 1) + " 100%",
    ),
    ComputedColumn(
        entity=Contact,
        name="languages",
        scalar_type=STRING_LIST,
        doc="The tags again.",
        expression=lambda row: row.c.tags,
    ),
    ComputedColumn(
        entity=Activity,
        name="mood",
        scalar_type=FLOAT,
        doc="Twice the sentiment.",
        expression=lambda row: row.c.sentiment * 2,
    ),
    ComputedColumn(
        entity=Activity,
        name="long",
        scalar_type=BOOLEAN,
        doc="Whether it took more than a minute.",
        expression=lambda row: row.c.duration_seconds > 60,
    ),
]


def compute(rows: dict[str, list[Row]]) -> None:
    """Put the computed values into rows, as Python computes them."""
    for entity, fields in IN_MEMORY.items():
        for row in rows[entity]:
            row.update({name: of(row, rows) for name, of in fields.items()})


def _talkers_of(row: Row, rows: dict[str, list[Row]]) -> int:
    called = {activity["contact"] for activity in rows["Activity"] if activity["kind"] == "CALL"}
    return sum(one["account"] == row["id"] and one["id"] in called for one in rows["Contact"])


def _last_heard_of(row: Row, rows: dict[str, list[Row]]) -> object:
    days = [one["occurredAt"].date() for one in rows["Activity"] if one["account"] == row["id"]]
    return max(days, default=None)


def _mood_of(row: Row, _: object) -> float | None:
    return None if row["sentiment"] is None else row["sentiment"] * 2


def _is_long(row: Row, _: object) -> bool | None:
    return None if row["durationSeconds"] is None else row["durationSeconds"] > 60


IN_MEMORY: dict[str, dict[str, Callable[[Row, dict[str, list[Row]]], object]]] = {
    "Account": {"talkers": _talkers_of, "lastHeard": _last_heard_of},
    "Contact": {
        "initial": lambda row, _: row["lastName"][:1] + " 100%",
        "languages": lambda row, _: row["tags"],
    },
    "Activity": {"mood": _mood_of, "long": _is_long},
}
