"""Renders a page of the change feed as one JSON value.

`tenure_core.query.plan.change_cursors` explains the order of the feed and its cursors.
"""

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
    and_,
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

from tenure_core.access.visibility import VisibleRows
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.predicates import ALL_ROWS, Predicate
from tenure_core.query.plan.change_nodes import Feed
from tenure_core.query.sql.change_pages import (
    CHANGE,
    TRANSACTION_ID,
    PageInfoValues,
    PostgresType,
    render_page,
    select_change_page,
)
from tenure_core.query.sql.conditions import ONE, Condition, bind_param, render_condition, tenant_condition
from tenure_core.query.sql.json_objects import int_literal, string_literal

HORIZON = table(
    "change_horizon",
    column("tenant_id"),
    column("seq", BigInteger()),
    column("transaction_id", TRANSACTION_ID),
)
"""The last dropped change of each tenant."""

SEPARATOR, EMPTY = string_literal("."), string_literal("")


SNAPSHOT = PostgresType("pg_snapshot")
"""The transactions that are visible at a time."""


def select_feed(plan: Feed) -> Select[Any]:
    """Return the select of a page of the feed as JSON, in a column named value."""
    cursor = _parsed_cursor(plan)
    page = _page(plan, cursor)
    size = int_literal(plan.size)
    page_info: PageInfoValues = {
        "hasNextPage": or_(func.count() > size, _part(cursor, "is_pinned")),
        "hasPreviousPage": false(),
        "startCursor": func.max(page.c.cursor).filter(page.c.position == ONE),
        "endCursor": case(
            (func.count() > size, func.max(page.c.cursor).filter(page.c.position == size)),
            else_=_latest_cursor(cursor),
        ),
    }
    result = render_page(plan.outputs, page, plan.size, page_info)
    if not plan.resumed:
        return result
    error = func.tenure_raise_cursor_expired(type_=JSON())
    return select(case((_is_expired(cursor), error), else_=result.scalar_subquery()).label("value"))


def _parsed_cursor(plan: Feed) -> CTE:
    """Return one row: the parts of the cursor, and the snapshot that the page is read in (`until`).

    If late changes exceed a page, the cursor is pinned: `until` keeps the snapshot that showed them.
    """
    parts = [
        func.nullif(func.split_part(bind_param(plan.after), SEPARATOR, int_literal(n)), EMPTY)
        for n in range(1, 7)
    ]
    seq, seen, following, late, until, until_following = parts
    until = func.coalesce(until, cast(func.pg_current_snapshot(), Text()))
    until_following = func.coalesce(until_following, cast(func.tenure_next_transaction_id(), Text()))
    row = select(
        cast(seq, BigInteger()).label("seq"),
        cast(seen, SNAPSHOT).label("seen"),
        cast(following, TRANSACTION_ID).label("following"),
        func.coalesce(cast(late, BigInteger()), int_literal(0)).label("late"),
        late.is_not(None).label("is_pinned"),
        cast(until, SNAPSHOT).label("until"),
        func.concat(seq, SEPARATOR, seen, SEPARATOR, following, SEPARATOR).label("pinned_prefix"),
        func.concat(SEPARATOR, until, SEPARATOR, until_following).label("suffix"),
    )
    return row.cte("feed_cursor")


def _part(cursor: CTE, name: str) -> ColumnElement[Any]:
    return select(cursor.c[name]).scalar_subquery()


def _page(plan: Feed, cursor: CTE) -> FromClause:
    """Return the page's changes in order, and one more."""
    changes = union_all(_late_changes(plan, cursor), _new_changes(plan, cursor)).subquery()
    prefix = case((changes.c.is_late, _part(cursor, "pinned_prefix")), else_=EMPTY)
    edge_cursor = prefix.op("||")(cast(changes.c.seq, Text())).op("||")(_part(cursor, "suffix"))
    return select_change_page(changes, edge_cursor, changes.c.seq, plan.size).subquery()


def _late_changes(plan: Feed, cursor: CTE) -> Select[Any]:
    """Return the changes up to the cursor's number, of transactions that its snapshot did not show."""
    running = func.pg_snapshot_xip(_part(cursor, "seen")).column_valued("id")
    transactions = union_all(
        select(running.label("lowest"), running.label("highest")),
        select(func.pg_snapshot_xmax(cursor.c.seen), cursor.c.following),
    ).subquery()
    change = CHANGE.alias()
    # Adding 0 keeps PostgreSQL from scanning the feed by `seq`: few changes belong to these transactions.
    seq = change.c.seq + int_literal(0)
    changes = _visible_changes(plan, cursor, change).where(
        change.c.transaction_id.between(transactions.c.lowest, transactions.c.highest),
        seq > _part(cursor, "late"),
        seq <= _part(cursor, "seq"),
    )
    late = changes.correlate(transactions).lateral()
    return select(late, true().label("is_late")).select_from(transactions.join(late, true()))


def _new_changes(plan: Feed, cursor: CTE) -> Select[Any]:
    """Return the changes after the cursor's number."""
    change = CHANGE.alias()
    changes = _visible_changes(plan, cursor, change).where(change.c.seq > _part(cursor, "seq")).subquery()
    return select(changes, false().label("is_late"))


def _visible_changes(plan: Feed, cursor: CTE, change: FromClause) -> Select[Any]:
    """Return the first changes that match the plan and are committed, as many as a page needs."""
    conditions: list[Condition] = [_in_scope(plan.scopes, change)]
    if plan.operations is not None:
        conditions.append(_is_one_of(change.c.operation, plan.operations))
    if plan.without_origin is not None:
        conditions.append(change.c.origin != bind_param(plan.without_origin))
    return (
        select(change)
        .where(tenant_condition(change), _is_committed(change, cursor), *conditions)
        .order_by(change.c.seq)
        .limit(int_literal(plan.size + 1))
    )


def _in_scope(scopes: VisibleRows, change: FromClause) -> Condition:
    """Return the condition that the changed record is visible.

    A row rule applies to the record as it is now. The changes of a purged record, which can no longer be
    compared with the rule, are visible only without a rule.
    """
    unrestricted = tuple(entity.name for entity, rows in scopes if rows == ALL_ROWS)
    restricted = (_is_visible(entity, rows, change) for entity, rows in scopes if rows != ALL_ROWS)
    return or_(_is_one_of(change.c.entity, unrestricted), *restricted)


def _is_visible(entity: EntityInfo, rows: Predicate, change: FromClause) -> Condition:
    target = entity.table.alias()
    is_record = tenant_condition(target), target.c.id == change.c.record_id, render_condition(rows, target)
    visible = exists(select(ONE).select_from(target).where(*is_record).correlate(change))
    return and_(change.c.entity == string_literal(entity.name), visible)


def _is_one_of(value: ColumnElement[str], names: tuple[str, ...]) -> Condition:
    """Compare with literals: with parameters, PostgreSQL would plan the statement again for each page."""
    return value.in_([string_literal(name) for name in names]) if names else false()


def _is_committed(change: FromClause, cursor: CTE) -> Condition:
    return func.pg_visible_in_snapshot(change.c.transaction_id, _part(cursor, "until"), type_=Boolean())


def _latest_cursor(cursor: CTE) -> ColumnElement[str]:
    """Return the cursor after all committed changes, whether they match the plan or not."""
    change, horizon = CHANGE.alias(), HORIZON.alias()
    newest = select(func.max(change.c.seq)).where(tenant_condition(change), _is_committed(change, cursor))
    dropped = select(horizon.c.seq).where(tenant_condition(horizon))
    seq = func.greatest(_part(cursor, "seq"), newest.scalar_subquery(), dropped.scalar_subquery())
    return func.concat(seq, _part(cursor, "suffix"))


def _is_expired(cursor: CTE) -> Condition:
    """Return whether changes after the cursor may have been dropped.

    A transaction id that this server has not assigned yet comes from the server of a restored dump.
    """
    horizon = HORIZON.alias()
    oldest_unread = func.pg_snapshot_xmin(_part(cursor, "seen"))
    newest = cast(cast(func.tenure_next_transaction_id(), Text()), TRANSACTION_ID)
    is_dropped = or_(
        horizon.c.seq > _part(cursor, "seq"), horizon.c.transaction_id.between(oldest_unread, newest)
    )
    return exists(select(ONE).select_from(horizon).where(tenant_condition(horizon), is_dropped))
