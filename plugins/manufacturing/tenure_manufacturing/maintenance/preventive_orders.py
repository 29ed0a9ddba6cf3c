"""Creates preventive work orders for maintenance plans that are due soon, one for each plan interval.

A work order is upserted with a key of its plan and interval. Repeated, concurrent and delayed runs therefore
create no duplicates. A plan that has an unfinished work order gets no second one, even if the plan changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder, WorkOrderKind
from tenure_manufacturing.maintenance.due_dates import (
    Interval,
    Reading,
    changed_noticeably,
    compute_next_due,
    compute_usage,
)
from tenure_manufacturing.maintenance.record_keys import log_rejected_rows, match_key, work_order_key
from tenure_manufacturing.rules.work_order_states import UNFINISHED
from tenure_manufacturing.settings import load_settings
from tenure_sdk import Context

BATCH_SIZE = 500
"""The number of plans that are read in one statement."""

MIN_UUID = UUID(int=0)

ACTIVE_PLANS = text("""
    SELECT
        plan.*,
        equipment.running_hours, coalesce(equipment.running_hours_at, :now) AS read_at,
        equipment.installed_on,
        first.value AS first_value, first.taken_at AS first_at,
        last.value AS last_value, last.taken_at AS last_at,
        breach.taken_at AS threshold_passed_at,
        EXISTS (
            SELECT FROM work_order
            WHERE work_order.tenant_id = plan.tenant_id AND work_order.plan_id = plan.id
                AND work_order.status = ANY (:unfinished) AND work_order.deleted_at IS NULL
        ) AS has_unfinished_order
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
            AND reading.taken_at > plan.interval_started_at AND reading.deleted_at IS NULL
            AND CASE plan.comparison
                WHEN 'ABOVE' THEN reading.value > plan.threshold
                ELSE reading.value < plan.threshold
            END
        ORDER BY reading.taken_at LIMIT 1
    ) AS breach ON true
    WHERE plan.tenant_id = :tenant AND plan.id > :after
        AND (CAST(:ids AS uuid[]) IS NULL OR plan.id = ANY (:ids))
        AND plan.active AND plan.deleted_at IS NULL
        AND equipment.status <> 'RETIRED' AND equipment.deleted_at IS NULL
    ORDER BY plan.id
    LIMIT :limit
""")


async def create_due_orders(context: Context, now: datetime, plan_ids: Iterable[UUID] | None = None) -> None:
    """Update the due times of plans, and create the work orders of the plans that are due soon.

    Args:
        context: The context of the tenant.
        now: The current time.
        plan_ids: The plans; None for all plans.
    """
    settings = await load_settings(context)
    order_until = now + timedelta(days=settings.days_ahead)
    binds = {
        "tenant": context.actor.tenant_id,
        "now": now,
        "since": now - timedelta(days=settings.usage_days),
        "ids": None if plan_ids is None else sorted(set(plan_ids)),
    }
    async for plans in _read_plans(context, binds):
        due_times = {plan.id: compute_due_time(plan) for plan in plans}
        await _store_due_times(context, plans, due_times)
        rows = [
            _build_order(plan, due_at, now)
            for plan in plans
            if (due_at := due_times[plan.id]) and due_at <= order_until and not plan.has_unfinished_order
        ]
        log_rejected_rows(context, rows, await context.write.upsert(WorkOrder, rows))


def compute_due_time(plan: Row[Any]) -> datetime | None:
    """Return when a plan is due, from its row of `ACTIVE_PLANS`; None if it is not due."""
    interval = Interval(
        plan.interval_started_at,
        plan.interval_start_running_hours,
        plan.interval_days,
        plan.interval_running_hours,
    )
    first, last = Reading(plan.first_value, plan.first_at), Reading(plan.last_value, plan.last_at)
    recent = (first, last) if plan.last_at else None
    installed_at = plan.installed_on and datetime.combine(plan.installed_on, time(), UTC)
    usage = compute_usage(plan.running_hours, plan.read_at, recent, installed_at)
    return compute_next_due(interval, usage, plan.threshold_passed_at)


async def _read_plans(context: Context, binds: Mapping[str, object]) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield the active plans in batches."""
    page = {**binds, "after": MIN_UUID, "limit": BATCH_SIZE, "unfinished": list(UNFINISHED)}
    while plans := (await context.session.execute(ACTIVE_PLANS, page)).all():
        yield plans
        page["after"] = plans[-1].id


async def _store_due_times(
    context: Context, plans: Sequence[Row[Any]], due_times: Mapping[UUID, datetime | None]
) -> None:
    rows = [
        {"id": str(plan.id), "nextDueAt": _format_time(due_times[plan.id])}
        for plan in plans
        if changed_noticeably(plan.next_due_at, due_times[plan.id])
    ]
    log_rejected_rows(context, rows, await context.write.update(MaintenancePlan, rows))


def _build_order(plan: Row[Any], due_at: datetime, now: datetime) -> dict[str, object]:
    return {
        "match": match_key(work_order_key(plan.id, plan.interval_started_at)),
        "onConflict": "SKIP",
        "equipment": {"id": str(plan.equipment_id)},
        "plan": {"id": str(plan.id)},
        "intervalStartedAt": _format_time(plan.interval_started_at),
        "title": plan.name,
        "kind": WorkOrderKind.PREVENTIVE,
        "component": plan.component,
        "tasks": plan.tasks,
        "reportedAt": _format_time(now),
        "dueAt": _format_time(due_at),
    }


def _format_time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
