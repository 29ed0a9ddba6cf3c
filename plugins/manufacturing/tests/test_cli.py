"""Commands: what an operator sees without a client."""

from __future__ import annotations

import os
import subprocess
import sys

from tenure_manufacturing.entities.plans import MaintenancePlan

from .conftest import DAY, NOW, Plant, ref


def tenure(plant: Plant, *arguments: str) -> subprocess.CompletedProcess[str]:
    database = plant.tenant.tenure.settings.database_url
    environment = {"DATABASE_URL": database, "TENURE_PLUGINS_ALLOW": "manufacturing", "COLUMNS": "120"}
    command = [sys.executable, "-c", "from tenure_sdk.cli.app import main; main()", *arguments]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )


async def test_what_is_due_is_listed(plant: Plant) -> None:
    machine = await plant.machine(runningHours=12_345)
    row = {"equipment": ref(machine), "everyDays": 90, "countsFrom": NOW.isoformat()}
    due = NOW + 20 * DAY
    names = ("Exchange the oil", "Clean the filters")
    await plant.create(
        MaintenancePlan, *({**row, "name": name, "nextDueAt": due.isoformat()} for name in names)
    )
    listed = tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name, "--within", "30")
    assert listed.returncode == 0, listed.stderr
    [_, line] = listed.stdout.strip().splitlines()
    assert f"{due:%Y-%m-%d}" in line
    assert "M-1" in line
    assert "12,345" in line
    assert all(name in line for name in names)
    nothing = tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name)
    assert nothing.stdout == "Nothing is due within 14 days.\n"


async def test_a_tenant_that_is_not_there_is_said_so(plant: Plant) -> None:
    ran = tenure(plant, "manufacturing", "due", "--tenant", "nobody")
    assert ran.returncode == 3
    assert "There is no tenant 'nobody'" in ran.stderr


async def test_a_tenant_that_has_not_enabled_it_is_told_how(plant: Plant) -> None:
    await plant.ask('mutation { pluginDisable(input: {name: "manufacturing"}) { userErrors { message } } }')
    ran = tenure(plant, "manufacturing", "due", "--tenant", plant.tenant.name)
    assert ran.returncode == 3
    assert "`tenure plugin enable manufacturing" in ran.stderr
