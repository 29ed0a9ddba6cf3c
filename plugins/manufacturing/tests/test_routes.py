"""Routes: the calendar of due work, for who may see what is in it."""

from __future__ import annotations

import pytest

from .conftest import DAY, NOW, Plant

PATH = "/plugins/manufacturing/work-orders.ics"


@pytest.fixture
async def due(plant: Plant) -> Plant:
    """A plant with two work orders that are due, one that is not, and one that is done."""
    machine = await plant.machine(location="Hall B2")
    tomorrow = (NOW + DAY).isoformat()
    await plant.order(machine, title="Oil", dueAt=tomorrow, assignee="Marta", tasks=["Drain", "Fill"])
    await plant.order(machine, title="Filters", dueAt=tomorrow)
    await plant.order(machine, title="Some day")
    await plant.order(machine, title="Done", dueAt=tomorrow, status="COMPLETED", completedAt=tomorrow)
    return plant


async def test_due_work_is_served_as_a_calendar(due: Plant) -> None:
    answer = await due.tenant.client.get(PATH)
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.text.split("\r\n")
    assert [line for line in lines if line.startswith("SUMMARY")] == [
        "SUMMARY:Oil: M-1",
        "SUMMARY:Filters: M-1",
    ]
    assert "LOCATION:Rheintal Werkzeugbau\\, Hall B2" in lines
    assert "DESCRIPTION:Status: OPEN\\nAssignee: Marta\\nDrain\\nFill" in lines


async def test_one_of_us_sees_what_is_theirs(due: Plant) -> None:
    answer = await due.tenant.client.get(PATH, params={"assignee": "Marta"})
    assert answer.text.count("BEGIN:VEVENT") == 1


async def test_a_device_gateway_sees_no_customer(due: Plant) -> None:
    gateway = await due.tenant.acting_as("device_gateway")
    answer = await gateway.client.get(PATH)
    assert answer.status_code == 403
    assert "Rheintal" not in answer.text
