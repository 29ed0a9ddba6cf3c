"""Due work: foresees when plans are due, and makes their work orders ahead of time, each once.

A work order is upserted under the key of its plan and interval. So it does not matter how often this is done,
by how many at once, or for how long nobody did it. A plan whose work is ordered and not finished gets no
second order, whatever somebody changes about the plan meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder, WorkOrderKind
from tenure_manufacturing.maintenance import due_dates
from tenure_manufacturing.maintenance.due_dates import Interval, Reading
from tenure_manufacturing.maintenance.record_keys import log_refused, match, order_key
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_manufacturing.settings import settings_of
from tenure_sdk import Context

CHUNK = 500
"""How many plans are looked at in one statement."""

FIRST = UUID(int=0)
"""Comes before all plans."""

PLANS = text("""
    SELECT
        plan.*,
        equipment.running_hours, coalesce(equipment.running_hours_at, :now) AS read_at,
        equipment.installed_on,
        first.value AS first_value, first.taken_at AS first_at,
        last.value AS last_value, last.taken_at AS last_at,
        past.taken_at AS past_threshold_at,
        EXISTS (
            SELECT FROM work_order
            WHERE work_order.tenant_id = plan.tenant_id AND work_order.plan_id = plan.id
                AND work_order.status = ANY (:unfinished) AND work_order.deleted_at IS NULL
        ) AS is_ordered
    FROM maintenance_plan AS plan
    JOIN equipment ON equipment.tenant_id = plan.tenant_id AND equipment.id = plan.equipment_id
    LEFT JOIN LATERAL (
        SELECT reading.*
        FROM meter
        JOIN meter_reading AS reading
            ON reading.tenant_id = meter.tenant_id AND reading.meter_id = meter.id
        WHERE meter.tenant_id = plan.tenant_id AND meter.equipment_id = plan.equipment_id
            AND meter.kind = 'RUNNING_HOURS' AND reading.taken_at >= :since
            AND meter.deleted_at IS NULL AND reading.deleted_at IS NULL
        ORDER BY reading.taken_at DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT reading.*
        FROM meter_reading AS reading
        WHERE reading.tenant_id = plan.tenant_id AND reading.meter_id = last.meter_id
            AND reading.taken_at >= :since AND reading.deleted_at IS NULL
        ORDER BY reading.taken_at LIMIT 1
    ) AS first ON true
    LEFT JOIN LATERAL (
        SELECT reading.*
        FROM meter_reading AS reading
        WHERE reading.tenant_id = plan.tenant_id AND reading.meter_id = plan.meter_id
            AND reading.taken_at > plan.counts_from AND reading.deleted_at IS NULL
            AND CASE plan.comparison
                WHEN 'ABOVE' THEN reading.value > plan.threshold
                ELSE reading.value < plan.threshold
            END
        ORDER BY reading.taken_at LIMIT 1
    ) AS past ON true
    WHERE plan.tenant_id = :tenant AND plan.id > :after
        AND (CAST(:only AS uuid[]) IS NULL OR plan.id = ANY (:only))
        AND plan.active AND plan.deleted_at IS NULL
        AND equipment.status <> 'RETIRED' AND equipment.deleted_at IS NULL
    ORDER BY plan.id
    LIMIT :chunk
""")


async def create_due_orders(context: Context, now: datetime, only: Iterable[UUID] | None = None) -> None:
    """Foresee when plans are due, and make the work orders of those that are due soon.

    Args:
        context: Where to read and write.
        now: The present.
        only: The plans to look at; by default all.
    """
    settings = await settings_of(context)
    soon = now + timedelta(days=settings.days_ahead)
    asked = {
        "tenant": context.actor.tenant_id,
        "now": now,
        "since": now - timedelta(days=settings.usage_days),
        "only": None if only is None else sorted(set(only)),
    }
    async for plans in _plans(context, asked):
        due = {plan.id: next_due(plan) for plan in plans}
        await _note(context, plans, due)
        unordered = [plan for plan in plans if not plan.is_ordered]
        await _order(context, unordered, {id: at for id, at in due.items() if at and at <= soon}, now)


def next_due(plan: Row[Any]) -> datetime | None:
    """Return when a plan is due next, from the row that is read of it."""
    interval = Interval(
        plan.counts_from,
        plan.counts_from_running_hours,
        plan.every_days,
        plan.every_running_hours,
    )
    first, last = Reading(plan.first_value, plan.first_at), Reading(plan.last_value, plan.last_at)
    late = (first, last) if plan.last_at else None
    installed = plan.installed_on and datetime.combine(plan.installed_on, time(), UTC)
    usage = due_dates.usage(plan.running_hours, plan.read_at, late, installed)
    return due_dates.next_due(interval, usage, plan.past_threshold_at)


async def _plans(context: Context, asked: Mapping[str, object]) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield the plans that are active, by the hundreds."""
    page = {**asked, "after": FIRST, "chunk": CHUNK, "unfinished": list(UNFINISHED)}
    while plans := (await context.session.execute(PLANS, page)).all():
        yield plans
        page["after"] = plans[-1].id


async def _note(context: Context, plans: Sequence[Row[Any]], due: Mapping[UUID, datetime | None]) -> None:
    rows = [
        {"id": str(plan.id), "nextDueAt": _iso(due[plan.id])}
        for plan in plans
        if due_dates.changed_noticeably(plan.next_due_at, due[plan.id])
    ]
    log_refused(context, rows, await context.write.update(MaintenancePlan, rows))


async def _order(
    context: Context, plans: Sequence[Row[Any]], due: Mapping[UUID, datetime], now: datetime
) -> None:
    rows = [_row(plan, due[plan.id], now) for plan in plans if plan.id in due]
    log_refused(context, rows, await context.write.upsert(WorkOrder, rows))


def _row(plan: Row[Any], due: datetime, now: datetime) -> dict[str, object]:
    return {
        "match": match(order_key(plan.id, plan.counts_from)),
        "onConflict": "SKIP",
        "equipment": {"id": str(plan.equipment_id)},
        "plan": {"id": str(plan.id)},
        "countedFrom": _iso(plan.counts_from),
        "title": plan.name,
        "kind": WorkOrderKind.PREVENTIVE,
        "component": plan.component,
        "tasks": plan.tasks,
        "reportedAt": _iso(now),
        "dueAt": _iso(due),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
