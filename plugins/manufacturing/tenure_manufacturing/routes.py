"""Routes: what is served below `/plugins/manufacturing`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.icalendar import Event, calendar
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_sdk import Account, Context

USUAL_MINUTES = 60
"""How long work takes that nobody has foreseen the time of."""

MAX_EVENTS = 1_000
"""How many work orders a calendar holds."""

DUE = text("""
    SELECT work_order.id, work_order.title, work_order.status, work_order.assignee, work_order.tasks,
        work_order.due_at, work_order.updated_at, plan.expected_minutes,
        equipment.serial_number, equipment.location, account.name AS account_name
    FROM work_order
    JOIN equipment ON equipment.tenant_id = work_order.tenant_id AND equipment.id = work_order.equipment_id
    JOIN account ON account.tenant_id = equipment.tenant_id AND account.id = equipment.account_id
    LEFT JOIN maintenance_plan AS plan
        ON plan.tenant_id = work_order.tenant_id AND plan.id = work_order.plan_id
    WHERE work_order.tenant_id = :tenant AND work_order.status = ANY (:unfinished)
        AND work_order.due_at IS NOT NULL AND work_order.deleted_at IS NULL
        AND (CAST(:assignee AS text) IS NULL OR work_order.assignee = :assignee)
    ORDER BY work_order.due_at, work_order.id
    LIMIT :most
""")


def routes() -> Iterator[Route]:
    """Yield the routes."""
    yield Route("/work-orders.ics", due_work_calendar)


async def due_work_calendar(request: Request) -> Response:
    """Answer with the unfinished work orders that have a due time, as a calendar to subscribe to.

    With `?assignee=NAME` only with those of one of us.

    Raises:
        ForbiddenError: The key's role may not see all that is in it.
    """
    context: Context = request.state.context
    context.require_read(WorkOrder, MaintenancePlan, Equipment, Account)
    asked = {
        "tenant": context.actor.tenant_id,
        "unfinished": list(UNFINISHED),
        "assignee": request.query_params.get("assignee"),
        "most": MAX_EVENTS,
    }
    found = await context.session.execute(DUE, asked)
    text = calendar("Due work", [_event(order) for order in found])
    return Response(text, media_type="text/calendar")


def _event(order: Row[Any]) -> Event:
    who = [f"Assignee: {order.assignee}"] if order.assignee else []
    return Event(
        uid=f"{order.id}@tenure",
        stamp=order.updated_at,
        start=order.due_at,
        minutes=order.expected_minutes or USUAL_MINUTES,
        summary=f"{order.title}: {order.serial_number}",
        location=", ".join(filter(None, (order.account_name, order.location))),
        description="\n".join([f"Status: {order.status}", *who, *order.tasks]),
    )
