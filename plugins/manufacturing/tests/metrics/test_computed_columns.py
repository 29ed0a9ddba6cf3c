"""Computed fields: what follows from other records."""

from __future__ import annotations

from tenure_manufacturing.entities.parts import Part, PartUse

from ..conftest import DAY, NOW, Plant, ref


def at(days_ago: float) -> str:
    return (NOW - days_ago * DAY).isoformat()


async def test_days_since_service_count_from_the_last_that_was_completed_before(plant: Plant) -> None:
    machine = await plant.machine("M-1")
    other = await plant.machine("M-2")
    service = {"kind": "PREVENTIVE", "status": "COMPLETED", "title": "Service"}
    for days in (60, 30, 10):
        await plant.order(machine, reportedAt=at(days), completedAt=at(days), **service)
    await plant.order(other, reportedAt=at(11), completedAt=at(11), **service)
    await plant.order(machine, title="Failure", reportedAt=at(10))
    await plant.order(
        machine, title="Repair before", reportedAt=at(15), status="COMPLETED", completedAt=at(12)
    )
    await plant.order(other, title="First failure", reportedAt=at(40))
    found = await plant.ask(
        """{ workOrders(where: {kind: {eq: CORRECTIVE}}) { nodes { title daysSinceService } } }"""
    )
    assert found["workOrders"]["nodes"] == [
        {"title": "Failure", "daysSinceService": 20},
        {"title": "Repair before", "daysSinceService": 15},
        {"title": "First failure", "daysSinceService": None},
    ]


async def test_stock_is_what_was_received_without_what_was_used(plant: Plant) -> None:
    bearing, _ = await plant.create(
        Part,
        {"number": "P-1", "name": "Bearing", "received": 10, "reorderBelow": 7},
        {"number": "P-2", "name": "Seal", "received": 5},
    )
    machine = await plant.machine()
    order, dropped = await plant.order(machine), await plant.order(machine, status="CANCELLED")
    uses = [(order, 3), (order, 1), (dropped, 2)]
    rows = [{"workOrder": ref(one), "part": ref(bearing), "quantity": many} for one, many in uses]
    *_, mistaken = await plant.create(PartUse, *rows, {**rows[0], "quantity": 5})
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(PartUse, [mistaken])
    found = await plant.ask("{ parts(where: {inStock: {lt: 7}}) { nodes { name inStock } } }")
    assert found["parts"]["nodes"] == [{"name": "Bearing", "inStock": 6}, {"name": "Seal", "inStock": 5}]
