"""The feed: a page of changes as one JSON value. See `tenure_core.catalog.change_operation` for its order and cursors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Select,
    Text,
    case,
    cast,
    column,
    exists,
    false,
    func,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.types import UserDefinedType

from tenure_core.query.plan.change_nodes import Feed
from tenure_core.query.sql.conditions import Condition, bind_param, tenant_condition
from tenure_core.query.sql.history import CHANGE, Answers, TransactionId, as_json
from tenure_core.query.sql.json_objects import int_literal, string_literal

HORIZON = table(
    "change_horizon",
    column("tenant_id"),
    column("seq", BigInteger()),
    column("transaction_id", TransactionId()),
)

POINT, EMPTY = string_literal("."), string_literal("")


class Snapshot(UserDefinedType[str]):
    """Which transactions can be seen: `pg_snapshot`."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in PostgreSQL."""
        return "pg_snapshot"


def feed(plan: Feed) -> Select[Any]:
    """Return the select of a page of the feed as JSON, in a column called value."""
    reading = _reading(plan)
    page = _page(plan, reading)
    answers: Answers = {
        "hasNextPage": or_(func.count() > int_literal(plan.size), _of(reading, "pinned")),
        "hasPreviousPage": false(),
        "startCursor": func.max(page.c.cursor).filter(page.c.position == int_literal(1)),
        "endCursor": case(
            (
                func.count() > int_literal(plan.size),
                func.max(page.c.cursor).filter(page.c.position == int_literal(plan.size)),
            ),
            else_=_caught_up(reading),
        ),
    }
    answer = as_json(plan.outputs, page, plan.size, answers)
    if not plan.resumed:
        return answer
    refused = func.tenure_refuse_cursor(type_=JSON())
    return select(case((_is_gone(reading), refused), else_=answer.scalar_subquery()).label("value"))


def _reading(plan: Feed) -> CTE:
    """One row: where the reader stands, and up to what it reads now.

    In the midst of what a long transaction left behind, `until` stays the snapshot that showed it.
    """
    parts = [
        func.nullif(func.split_part(bind_param(plan.after), POINT, int_literal(n)), EMPTY)
        for n in range(1, 7)
    ]
    seq, seen, following, late, until, until_following = parts
    until = func.coalesce(until, cast(func.pg_current_snapshot(), Text()))
    until_following = func.coalesce(until_following, cast(func.tenure_next_transaction(), Text()))
    found = select(
        cast(seq, BigInteger()).label("seq"),
        cast(seen, Snapshot()).label("seen"),
        cast(following, TransactionId()).label("following"),
        func.coalesce(cast(late, BigInteger()), int_literal(0)).label("late"),
        late.is_not(None).label("pinned"),
        cast(until, Snapshot()).label("until"),
        func.concat(seq, POINT, seen, POINT, following, POINT).label("standing"),
        func.concat(POINT, until, POINT, until_following).label("reached"),
    )
    return found.cte("reading")


def _of(reading: CTE, name: str) -> ColumnElement[Any]:
    return select(reading.c[name]).scalar_subquery()


def _page(plan: Feed, reading: CTE) -> FromClause:
    """The page's changes in their order, and one more."""
    found = union_all(_late(plan, reading), _fresh(plan, reading)).subquery()
    before = case((found.c.is_late, _of(reading, "standing")), else_=EMPTY)
    cursor = before.op("||")(cast(found.c.seq, Text())).op("||")(_of(reading, "reached"))
    return (
        select(
            found,
            cursor.label("cursor"),
            func.row_number().over(order_by=found.c.seq).label("position"),
        )
        .order_by(found.c.seq)
        .limit(int_literal(plan.size + 1))
        .subquery()
    )


def _late(plan: Feed, reading: CTE) -> Select[Any]:
    """What was left behind the reader's number, by the transactions that ran at its snapshot."""
    listed = func.pg_snapshot_xip(_of(reading, "seen")).column_valued("id")
    ran = union_all(
        select(listed.label("lowest"), listed.label("highest")),
        select(func.pg_snapshot_xmax(reading.c.seen), reading.c.following),
    ).subquery()
    change = CHANGE.alias()
    # The sum keeps PostgreSQL from reading all of the feed by its number, where the transactions name a few.
    seq = change.c.seq + int_literal(0)
    found = _changes(plan, reading, change).where(
        change.c.transaction_id.between(ran.c.lowest, ran.c.highest),
        seq > _of(reading, "late"),
        seq <= _of(reading, "seq"),
    )
    late = found.correlate(ran).lateral()
    return select(late, true().label("is_late")).select_from(ran.join(late, true()))


def _fresh(plan: Feed, reading: CTE) -> Select[Any]:
    """What lies beyond the reader's number."""
    change = CHANGE.alias()
    found = _changes(plan, reading, change).where(change.c.seq > _of(reading, "seq")).subquery()
    return select(found, false().label("is_late"))


def _changes(plan: Feed, reading: CTE, change: FromClause) -> Select[Any]:
    """The first changes that are wanted and can be seen, as many as a page needs."""
    wanted: list[Condition] = [_one_of(change.c.entity, plan.entities)]
    if plan.operations is not None:
        wanted.append(_one_of(change.c.operation, plan.operations))
    if plan.without_origin is not None:
        wanted.append(change.c.origin != bind_param(plan.without_origin))
    return (
        select(change)
        .where(tenant_condition(change), _visible(change, reading), *wanted)
        .order_by(change.c.seq)
        .limit(int_literal(plan.size + 1))
    )


def _one_of(value: ColumnElement[str], names: tuple[str, ...]) -> Condition:
    """The names stand in the statement, where PostgreSQL knows them: else it would plan anew at each page."""
    return value.in_([string_literal(name) for name in names]) if names else false()


def _visible(change: FromClause, reading: CTE) -> Condition:
    return func.pg_visible_in_snapshot(change.c.transaction_id, _of(reading, "until"), type_=Boolean())


def _caught_up(reading: CTE) -> ColumnElement[str]:
    """The cursor after everything that can be seen, wanted or not."""
    change, horizon = CHANGE.alias(), HORIZON.alias()
    last = select(func.max(change.c.seq)).where(tenant_condition(change), _visible(change, reading))
    gone = select(horizon.c.seq).where(tenant_condition(horizon))
    reached = func.greatest(_of(reading, "seq"), last.scalar_subquery(), gone.scalar_subquery())
    return func.concat(reached, _of(reading, "reached"))


def _is_gone(reading: CTE) -> Condition:
    """Whether changes that the reader has not read may have been dropped.

    An id that this server has not given out yet is from the server that the database was restored from.
    """
    horizon = HORIZON.alias()
    oldest_unread = func.pg_snapshot_xmin(_of(reading, "seen"))
    newest = cast(cast(func.tenure_next_transaction(), Text()), TransactionId())
    lost = or_(horizon.c.seq > _of(reading, "seq"), horizon.c.transaction_id.between(oldest_unread, newest))
    return exists(select(int_literal(1)).select_from(horizon).where(tenant_condition(horizon), lost))
