"""HTTP routes under `/plugins/manufacturing`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.icalendar import Event, render_calendar
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_sdk import Account, Context

DEFAULT_MINUTES = 60
"""Duration of the event of a work order whose plan has no expected duration."""

MAX_EVENTS = 1_000

DUE_ORDERS = text("""
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
    LIMIT :limit
""")


async def serve_calendar(request: Request) -> Response:
    """Return the unfinished work orders with a due time as an iCalendar file; at most 1,000.

    The query parameter `assignee` selects the work orders of one technician.

    Raises:
        ForbiddenError: The role of the API key may not read all entities in the calendar.
    """
    context: Context = request.state.context
    context.require_read(WorkOrder, MaintenancePlan, Equipment, Account)
    binds = {
        "tenant": context.actor.tenant_id,
        "unfinished": list(UNFINISHED),
        "assignee": request.query_params.get("assignee"),
        "limit": MAX_EVENTS,
    }
    orders = await context.session.execute(DUE_ORDERS, binds)
    calendar = render_calendar("Work orders", [_build_event(order) for order in orders])
    return Response(calendar, media_type="text/calendar")


def _build_event(order: Row[Any]) -> Event:
    assignee = [f"Assignee: {order.assignee}"] if order.assignee else []
    return Event(
        uid=f"{order.id}@tenure",
        updated_at=order.updated_at,
        start=order.due_at,
        minutes=order.expected_minutes or DEFAULT_MINUTES,
        summary=f"{order.title}: {order.serial_number}",
        location=", ".join(filter(None, (order.account_name, order.location))),
        description="\n".join([f"Status: {order.status}", *assignee, *order.tasks]),
    )


ROUTES = (Route("/work-orders.ics", serve_calendar),)
