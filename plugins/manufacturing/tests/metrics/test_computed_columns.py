"""Computed fields derived from related records."""

from __future__ import annotations

from tenure_manufacturing.entities.parts import Part, PartUse

from ..conftest import DAY, NOW, Plant, ref


def at(days_ago: float) -> str:
    return (NOW - days_ago * DAY).isoformat()


async def test_days_since_service_are_counted_from_the_last_service_before_the_report(plant: Plant) -> None:
    machine = await plant.create_machine("M-1")
    other = await plant.create_machine("M-2")
    service = {"kind": "PREVENTIVE", "status": "COMPLETED", "title": "Service"}
    for days in (60, 30, 10):
        await plant.create_order(machine, reportedAt=at(days), completedAt=at(days), **service)
    await plant.create_order(other, reportedAt=at(11), completedAt=at(11), **service)
    await plant.create_order(machine, title="Failure", reportedAt=at(10))
    await plant.create_order(
        machine, title="Repair before", reportedAt=at(15), status="COMPLETED", completedAt=at(12)
    )
    await plant.create_order(other, title="First failure", reportedAt=at(40))
    data = await plant.execute(
        """{ workOrders(where: {kind: {eq: CORRECTIVE}}) { nodes { title daysSinceService } } }"""
    )
    assert data["workOrders"]["nodes"] == [
        {"title": "Failure", "daysSinceService": 20},
        {"title": "Repair before", "daysSinceService": 15},
        {"title": "First failure", "daysSinceService": None},
    ]


async def test_stock_is_the_received_quantity_minus_the_used_quantity(plant: Plant) -> None:
    bearing, _ = await plant.create(
        Part,
        {"number": "P-1", "name": "Bearing", "receivedQuantity": 10, "reorderBelow": 7},
        {"number": "P-2", "name": "Seal", "receivedQuantity": 5},
    )
    machine = await plant.create_machine()
    order, cancelled = (
        await plant.create_order(machine),
        await plant.create_order(machine, status="CANCELLED"),
    )
    uses = [(order, 3), (order, 1), (cancelled, 2)]
    rows = [{"workOrder": ref(order), "part": ref(bearing), "quantity": quantity} for order, quantity in uses]
    *_, deleted = await plant.create(PartUse, *rows, {**rows[0], "quantity": 5})
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(PartUse, [deleted])
    data = await plant.execute("{ parts(where: {inStock: {lt: 7}}) { nodes { name inStock } } }")
    assert data["parts"]["nodes"] == [{"name": "Bearing", "inStock": 6}, {"name": "Seal", "inStock": 5}]
