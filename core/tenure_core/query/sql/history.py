"""Renders a page of a record's history, newest change first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, false, func

from tenure_core.query.plan.change_nodes import History
from tenure_core.query.sql.change_pages import CHANGE, PageInfoValues, render_page, select_change_page
from tenure_core.query.sql.conditions import bind_param, tenant_condition
from tenure_core.query.sql.json_objects import Source, int_literal, render_value, string_literal


@render_value.register
def _(output: History, source: Source) -> ColumnElement[Any]:
    page = _history_page(output, source.rows)
    size = int_literal(output.size)
    page_info: PageInfoValues = {
        "hasNextPage": func.count() > size,
        "hasPreviousPage": false(),
        "startCursor": cast(func.max(page.c.seq), Text()),
        "endCursor": cast(func.min(page.c.seq).filter(page.c.position <= size), Text()),
    }
    return source.attach(render_page(output.outputs, page, output.size, page_info)).c.value


def _history_page(output: History, records: FromClause) -> FromClause:
    """Return a page of the changes of each record. The records are visible, and so are their changes."""
    change = CHANGE.alias()
    page = select_change_page(change, cast(change.c.seq, Text()), change.c.seq.desc(), output.size).where(
        tenant_condition(change),
        change.c.entity == string_literal(output.entity.name),
        change.c.record_id == records.c.id,
    )
    if output.after is not None:
        page = page.where(change.c.seq < bind_param(output.after))
    return page.correlate(records).subquery()
