"""The pack as a whole: changes, jobs and rules work together through the change feed."""

from __future__ import annotations

from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.plugin import MANIFEST

from .conftest import DAY, HOUR, NOW, Plant, completed_fields, ref

STATE = """{
    accounts { nodes { activities { nodes { kind subject outcome } } } }
    equipments { nodes { runningHours } }
    maintenancePlans { nodes { intervalStartedAt nextDueAt } }
    workOrders(orderBy: [{field: CREATED_AT}]) { nodes { title status } }
}"""


def test_the_manifest_contains_the_name_and_no_required_plugin() -> None:
    assert (MANIFEST.name, MANIFEST.requires) == ("manufacturing", ())


async def test_a_repair_resets_the_plan_and_replaces_its_preventive_order(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=900)
    meter = await plant.create_meter(machine)
    interval = {"intervalStartedAt": (NOW - 85 * DAY).isoformat(), "intervalDays": 90, "component": "pump"}
    await plant.create(MaintenancePlan, {"equipment": ref(machine), "name": "Service pump", **interval})
    await plant.tenant.run_job("manufacturing", "preventive_orders")
    await plant.create_readings(meter, (NOW, 1_000), (NOW - HOUR, 999))
    repair = await plant.create_order(
        machine, component="pump", status="IN_PROGRESS", respondedAt=NOW.isoformat()
    )
    await plant.tenant.deliver_changes()
    await plant.update(WorkOrder, repair, **completed_fields())
    for _ in range(2):
        await plant.tenant.deliver_changes()
    state = await plant.execute(STATE)
    assert state["equipments"]["nodes"] == [{"runningHours": 1_000}]
    assert state["workOrders"]["nodes"] == [
        {"title": "Service pump", "status": "CANCELLED"},
        {"title": "Repair", "status": "COMPLETED"},
    ]
    assert state["maintenancePlans"]["nodes"][0]["intervalStartedAt"] == (NOW + HOUR).isoformat()
    activities = state["accounts"]["nodes"][0]["activities"]["nodes"]
    assert sorted((activity["subject"], activity["outcome"]) for activity in activities) == [
        ("Repair: M-1", "COMPLETED"),
        ("Service pump: M-1", "CANCELLED"),
    ]


async def test_a_tenant_without_the_plugin_gets_an_error_that_names_it(plant: Plant) -> None:
    await plant.execute(
        'mutation { pluginDisable(input: {name: "manufacturing"}) { userErrors { message } } }'
    )
    response = await plant.tenant.execute("{ equipments { totalCount } }")
    [error] = response["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "plugin manufacturing, which is not enabled" in error["message"]
