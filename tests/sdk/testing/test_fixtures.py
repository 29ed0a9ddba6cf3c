"""The fixtures of `tenure_sdk.testing`, in this repository and in a folder outside of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import PluginFailedError
from tenure_sdk import Change, Context, Job
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure


async def create_car(context: Context) -> None:
    await context.write.create(FleetCar, [{"plate": "job"}])


async def copy_cars(context: Context, changes: Sequence[Change]) -> None:
    """Create a copy of each new car, and a copy of the copy."""
    for change in changes:
        plate = str((change.after or {}).get("plate", ""))
        if plate == "invalid":
            raise LookupError("no such plate")
        if change.entity == "FleetCar" and plate.count("'") < 2:
            await context.write.create(FleetCar, [{"plate": f"{plate}'"}])


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    jobs = [Job(name="drive", doc="Drives.", run=create_car, every=timedelta(days=1))]
    async with running_tenure(
        server_url, [fleet(register_jobs=lambda: jobs, on_change=copy_cars)]
    ) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.create_tenant()


PLATES = "{ fleetCars { nodes { plate } } }"


def plates(*expected: str) -> dict:
    return {"data": {"fleetCars": {"nodes": [{"plate": plate} for plate in expected]}}}


async def test_a_tenant_writes_and_queries(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "B-TN 1"}])
        context.session.add(FleetCar(plate="B-TN 2"))
    assert await tenant.execute(PLATES) == plates("B-TN 1", "B-TN 2")
    query = "query($plate: String!) { fleetCars(where: {plate: {eq: $plate}}) { nodes { plate } } }"
    assert await tenant.execute(query, plate="B-TN 2") == plates("B-TN 2")


async def test_tenants_have_separate_data(tenure: RunningTenure, tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "B-TN 1"}])
    other = await tenure.create_tenant()
    assert await other.execute(PLATES) == plates()


async def test_a_tenant_can_be_used_with_another_role(tenant: Tenant) -> None:
    reader = await tenant.with_role("reader")
    assert reader.id == tenant.id
    assert await reader.execute(PLATES) == plates()
    response = await reader.execute('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
    assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_job_runs_immediately(tenant: Tenant) -> None:
    await tenant.run_job("fleet", "drive")
    assert await tenant.execute(PLATES) == plates("job")


async def test_changes_of_listeners_are_delivered_too(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A"}])
    await tenant.deliver_changes()
    assert await tenant.execute(PLATES) == plates("A", "A'", "A''")
    await tenant.deliver_changes()
    assert await tenant.execute(PLATES) == plates("A", "A'", "A''")


async def test_a_failed_delivery_raises(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "invalid"}])
    with pytest.raises(PluginFailedError, match="fleet failed in on_change: LookupError: no such plate"):
        await tenant.deliver_changes()


CONFTEST = """
import pytest
import plugin_under_test

pytest_plugins = ["tenure_sdk.testing"]


@pytest.fixture(scope="session")
def tenure_plugins():
    return [plugin_under_test]
"""

PLUGIN = '''
from sqlalchemy.orm import Mapped

from tenure_sdk import Entity, Manifest, column, hookimpl

MANIFEST = Manifest(name="gardens", version="1.0.0", tenure=">=0.1", doc="Gardens.")


class Garden(Entity):
    """A garden."""

    name: Mapped[str] = column(unique=True)


@hookimpl
def register_entities():
    return [Garden]
'''

TESTS = """
from plugin_under_test import Garden


async def test_it(tenant, other_tenant, execute):
    async with tenant.context("gardens") as context:
        await context.write.create(Garden, [{"name": "Kew"}])
    query = "{ gardens { nodes { name } } }"
    assert await execute(query) == {"data": {"gardens": {"nodes": [{"name": "Kew"}]}}}
    assert await other_tenant.execute(query) == {"data": {"gardens": {"nodes": []}}}
"""


def test_the_fixtures_work_in_a_folder_outside_of_the_repository(server_url: str, tmp_path: Path) -> None:
    for name, text in (("conftest", CONFTEST), ("plugin_under_test", PLUGIN), ("test_gardens", TESTS)):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\npythonpath = .\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"TENURE_TEST_DATABASE_URL": server_url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
