"""The calendar of work orders."""

from __future__ import annotations

import pytest

from .conftest import DAY, NOW, Plant

PATH = "/plugins/manufacturing/work-orders.ics"


@pytest.fixture
async def due(plant: Plant) -> Plant:
    """An account with two work orders that are due, one without due time, and one that is completed."""
    machine = await plant.create_machine(location="Hall B2")
    tomorrow = (NOW + DAY).isoformat()
    await plant.create_order(machine, title="Oil", dueAt=tomorrow, assignee="Marta", tasks=["Drain", "Fill"])
    await plant.create_order(machine, title="Filters", dueAt=tomorrow)
    await plant.create_order(machine, title="No due time")
    await plant.create_order(
        machine, title="Completed", dueAt=tomorrow, status="COMPLETED", completedAt=tomorrow
    )
    return plant


async def test_due_work_orders_are_served_as_a_calendar(due: Plant) -> None:
    response = await due.tenant.client.get(PATH)
    assert response.headers["content-type"].startswith("text/calendar")
    lines = response.text.split("\r\n")
    assert [line for line in lines if line.startswith("SUMMARY")] == [
        "SUMMARY:Oil: M-1",
        "SUMMARY:Filters: M-1",
    ]
    assert "LOCATION:Rheintal Werkzeugbau\\, Hall B2" in lines
    assert "DESCRIPTION:Status: OPEN\\nAssignee: Marta\\nDrain\\nFill" in lines


async def test_the_parameter_assignee_selects_the_work_orders_of_a_technician(due: Plant) -> None:
    response = await due.tenant.client.get(PATH, params={"assignee": "Marta"})
    assert response.text.count("BEGIN:VEVENT") == 1


async def test_a_device_gateway_may_not_read_the_calendar(due: Plant) -> None:
    gateway = await due.tenant.with_role("device_gateway")
    response = await gateway.client.get(PATH)
    assert response.status_code == 403
    assert "Rheintal" not in response.text
