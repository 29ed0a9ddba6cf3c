"""The plugin as a whole: what a customer's day leads to, through the platform's own feed and jobs."""

from __future__ import annotations

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.plugin import MANIFEST

from .conftest import DAY, HOUR, NOW, Plant, done, ref

DAYS_END = """{
    accounts { nodes { activities { nodes { kind subject outcome } } } }
    equipments { nodes { runningHours } }
    maintenancePlans { nodes { countsFrom nextDueAt } }
    workOrders(orderBy: [{field: CREATED_AT}]) { nodes { title status } }
}"""


def test_the_manifest_says_who_it_is() -> None:
    assert (MANIFEST.name, MANIFEST.requires) == ("manufacturing", ())


async def test_a_day_at_a_customer(plant: Plant) -> None:
    machine = await plant.machine(runningHours=900)
    meter = await plant.meter(machine)
    counted = {"countsFrom": (NOW - 85 * DAY).isoformat(), "everyDays": 90, "component": "pump"}
    await plant.create(MaintenancePlan, {"equipment": ref(machine), "name": "Service pump", **counted})
    await plant.tenant.run_job("manufacturing", "due_work")
    await plant.read(meter, (NOW, 1_000), (NOW - HOUR, 999))
    repair = await plant.order(machine, component="pump", status="IN_PROGRESS", respondedAt=NOW.isoformat())
    await plant.tenant.deliver()
    await plant.update(WorkOrder, repair, **done())
    for _ in range(2):
        await plant.tenant.deliver()
    found = await plant.ask(DAYS_END)
    assert found["equipments"]["nodes"] == [{"runningHours": 1_000}]
    assert found["workOrders"]["nodes"] == [
        {"title": "Service pump", "status": "CANCELLED"},
        {"title": "Repair", "status": "COMPLETED"},
    ]
    assert found["maintenancePlans"]["nodes"][0]["countsFrom"] == (NOW + HOUR).isoformat()
    told = found["accounts"]["nodes"][0]["activities"]["nodes"]
    assert sorted((one["subject"], one["outcome"]) for one in told) == [
        ("Repair: M-1", "COMPLETED"),
        ("Service pump: M-1", "CANCELLED"),
    ]


async def test_a_tenant_that_has_not_enabled_it_is_told_which_plugin_it_lacks(plant: Plant) -> None:
    await plant.ask('mutation { pluginDisable(input: {name: "manufacturing"}) { userErrors { message } } }')
    answer = await plant.tenant.ask("{ equipments { totalCount } }")
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "plugin manufacturing, which is not enabled" in error["message"]
