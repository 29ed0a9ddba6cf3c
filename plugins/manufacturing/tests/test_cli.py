"""The command `tenure manufacturing due`."""

from __future__ import annotations

import os
import subprocess
import sys

from tenure_manufacturing.entities.plans import MaintenancePlan

from .conftest import DAY, NOW, Plant, ref


def run_tenure(plant: Plant, *arguments: str) -> subprocess.CompletedProcess[str]:
    database = plant.tenant.tenure.settings.database_url
    environment = {"DATABASE_URL": database, "TENURE_PLUGINS_ALLOW": "manufacturing", "COLUMNS": "120"}
    command = [sys.executable, "-c", "from tenure_sdk.cli.app import main; main()", *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )


async def test_due_equipment_is_listed(plant: Plant) -> None:
    machine = await plant.create_machine(runningHours=12_345)
    row = {"equipment": ref(machine), "intervalDays": 90, "intervalStartedAt": NOW.isoformat()}
    due = NOW + 20 * DAY
    names = ("Oil change", "Clean filters")
    await plant.create(
        MaintenancePlan, *({**row, "name": name, "nextDueAt": due.isoformat()} for name in names)
    )
    process = run_tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name, "--within", "30")
    assert process.returncode == 0, process.stderr
    [_, line] = process.stdout.strip().splitlines()
    assert f"{due:%Y-%m-%d}" in line
    assert "M-1" in line
    assert "12,345" in line
    assert all(name in line for name in names)
    process = run_tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name)
    assert process.stdout == "No equipment is due within 14 days.\n"


async def test_an_unknown_tenant_is_reported(plant: Plant) -> None:
    process = run_tenure(plant, "manufacturing", "due", "--tenant", "nobody")
    assert process.returncode == 3
    assert "There is no tenant 'nobody'" in process.stderr


async def test_a_tenant_without_the_plugin_gets_the_command_that_enables_it(plant: Plant) -> None:
    await plant.execute(
        'mutation { pluginDisable(input: {name: "manufacturing"}) { userErrors { message } } }'
    )
    process = run_tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name)
    assert process.returncode == 3
    assert "`tenure plugin enable manufacturing" in process.stderr
