"""Computed fields of the sample, in SQL for PostgreSQL and in Python for the model in memory."""

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
"""The plugin that registers them."""


def _select_talkers(row: FromClause) -> ColumnElement[Any]:
    """A nested select with a constant and a table alias."""
    person = Contact.__table__.alias("person")
    called = exists().where(
        Activity.tenant_id == row.c.tenant_id, Activity.contact_id == person.c.id, Activity.kind.in_(["CALL"])
    )
    count = select(func.count()).select_from(person)
    return count.where(
        person.c.tenant_id == row.c.tenant_id, person.c.account_id == row.c.id, called
    ).scalar_subquery()


def _select_last_heard(row: FromClause) -> ColumnElement[Any]:
    last = select(func.max(Activity.occurred_at)).where(
        Activity.tenant_id == row.c.tenant_id, Activity.account_id == row.c.id
    )
    return cast(func.timezone("UTC", last.scalar_subquery()), Date)


def with_sample(actor: Actor) -> Actor:
    """Return an actor whose tenant has enabled the plugin."""
    return replace(actor, plugins=frozenset((PLUGIN,)))


COMPUTED = [
    ComputedColumn(
        entity=Account,
        name="talkers",
        scalar_type=INT,
        doc="Number of contacts with a call.",
        expression=_select_talkers,
    ),
    ComputedColumn(
        entity=Account,
        name="last_heard",
        scalar_type=DATE,
        doc="Date of the last activity.",
        expression=_select_last_heard,
    ),
    ComputedColumn(
        entity=Contact,
        name="initial",
        scalar_type=STRING,
        doc="First letter, followed by 100%.",
        expression=lambda row: func.left(row.c.last_name, 1) + " 100%",
    ),
    ComputedColumn(
        entity=Contact,
        name="languages",
        scalar_type=STRING_LIST,
        doc="The tags.",
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
        doc="Whether the duration is more than a minute.",
        expression=lambda row: row.c.duration_seconds > 60,
    ),
]


def compute(rows: dict[str, list[Row]]) -> None:
    """Add the computed values to rows."""
    for entity, fields in IN_MEMORY.items():
        for row in rows[entity]:
            row.update({name: of(row, rows) for name, of in fields.items()})


def _count_talkers(row: Row, rows: dict[str, list[Row]]) -> int:
    called = {activity["contact"] for activity in rows["Activity"] if activity["kind"] == "CALL"}
    return sum(contact["account"] == row["id"] and contact["id"] in called for contact in rows["Contact"])


def _find_last_heard(row: Row, rows: dict[str, list[Row]]) -> object:
    own = [activity for activity in rows["Activity"] if activity["account"] == row["id"]]
    days = [activity["occurredAt"].date() for activity in own]
    return max(days, default=None)


def _double_sentiment(row: Row, _: object) -> float | None:
    return None if row["sentiment"] is None else row["sentiment"] * 2


def _is_long(row: Row, _: object) -> bool | None:
    return None if row["durationSeconds"] is None else row["durationSeconds"] > 60


IN_MEMORY: dict[str, dict[str, Callable[[Row, dict[str, list[Row]]], object]]] = {
    "Account": {"talkers": _count_talkers, "lastHeard": _find_last_heard},
    "Contact": {
        "initial": lambda row, _: row["lastName"][:1] + " 100%",
        "languages": lambda row, _: row["tags"],
    },
    "Activity": {"mood": _double_sentiment, "long": _is_long},
}
