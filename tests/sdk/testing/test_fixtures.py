"""The fixtures for tests of plugins: inside of this repository, and in a folder of somebody else's."""

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


async def drive(context: Context) -> None:
    await context.write.create(FleetCar, [{"plate": "made by the job"}])


async def follow(context: Context, changes: Sequence[Change]) -> None:
    """Follow each new car with a copy, twice."""
    for change in changes:
        plate = str((change.after or {}).get("plate", ""))
        if plate == "faulty":
            raise LookupError("no such plate")
        if change.entity == "FleetCar" and plate.count("'") < 2:
            await context.write.create(FleetCar, [{"plate": f"{plate}'"}])


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    jobs = [Job(name="drive", doc="Drives.", run=drive, every=timedelta(days=1))]
    async with running_tenure(server_url, [fleet(register_jobs=lambda: jobs, on_change=follow)]) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.new_tenant()


PLATES = "{ fleetCars { nodes { plate } } }"


def plates(*wanted: str) -> dict:
    return {"data": {"fleetCars": {"nodes": [{"plate": plate} for plate in wanted]}}}


async def test_a_tenant_asks_and_writes(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "B-TN 1"}])
        context.session.add(FleetCar(plate="B-TN 2"))
    assert await tenant.ask(PLATES) == plates("B-TN 1", "B-TN 2")
    query = "query($plate: String!) { fleetCars(where: {plate: {eq: $plate}}) { nodes { plate } } }"
    assert await tenant.ask(query, plate="B-TN 2") == plates("B-TN 2")


async def test_tenants_have_data_of_their_own(tenure: RunningTenure, tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "B-TN 1"}])
    other = await tenure.new_tenant()
    assert await other.ask(PLATES) == plates()


async def test_a_tenant_is_seen_with_another_role(tenant: Tenant) -> None:
    reader = await tenant.acting_as("reader")
    assert reader.id == tenant.id
    assert await reader.ask(PLATES) == plates()
    refused = await reader.ask('mutation { fleetCarCreate(input: {plate: "B-TN 1"}) { status } }')
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_job_runs_at_once(tenant: Tenant) -> None:
    await tenant.run_job("fleet", "drive")
    assert await tenant.ask(PLATES) == plates("made by the job")


async def test_changes_are_delivered_at_once_and_what_comes_of_them_too(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "A"}])
    await tenant.deliver()
    assert await tenant.ask(PLATES) == plates("A", "A'", "A''")
    await tenant.deliver()
    assert await tenant.ask(PLATES) == plates("A", "A'", "A''")


async def test_a_delivery_that_fails_is_told(tenant: Tenant) -> None:
    async with tenant.context("fleet") as context:
        await context.write.create(FleetCar, [{"plate": "faulty"}])
    with pytest.raises(PluginFailedError, match="fleet failed in on_change: LookupError: no such plate"):
        await tenant.deliver()


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


async def test_it(tenant, other_tenant, ask):
    async with tenant.context("gardens") as context:
        await context.write.create(Garden, [{"name": "Kew"}])
    assert await ask("{ gardens { nodes { name } } }") == {"data": {"gardens": {"nodes": [{"name": "Kew"}]}}}
    assert (await other_tenant.ask("{ gardens { totalCount } }"))["data"]["gardens"]["totalCount"] == 0
"""


def test_the_fixtures_work_in_a_folder_of_somebody_else(server_url: str, tmp_path: Path) -> None:
    for name, text in (("conftest", CONFTEST), ("plugin_under_test", PLUGIN), ("test_gardens", TESTS)):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\npythonpath = .\n")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"TENURE_TEST_DATABASE_URL": server_url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
