"""The demo's story: sound to the last row, the same at every run, and with something to see in it."""

from __future__ import annotations

import random
import re
from pathlib import Path
from uuid import UUID

from tenure_manufacturing.demo.equipment import MAKERS
from tenure_manufacturing.demo.rows import rows
from tenure_manufacturing.maintenance.preventive_orders import create_due_orders
from tenure_sdk import DemoAccount

from ..conftest import DAY, NOW, Plant

OTHER = UUID(int=7)
README = (Path(__file__).parents[2] / "README.md").read_text()


def account(identity: UUID, industry: str = "Manufacturing") -> DemoAccount:
    return DemoAccount(id=identity, name="Halden Bearings", industry=industry, since=NOW - 900 * DAY)


def story(*accounts: DemoAccount) -> dict[str, list[dict[str, object]]]:
    told = rows(random.Random(7), accounts, NOW)
    return {entity.__name__: list(some) for entity, some in told}


def test_it_is_the_same_at_every_run() -> None:
    assert story(account(OTHER)) == story(account(OTHER))


def test_who_makes_nothing_has_no_machines() -> None:
    assert "Insurance" not in MAKERS
    assert story(account(OTHER, "Insurance"))["Equipment"] == []


async def test_all_of_it_is_written_and_the_pack_works_on_it(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        for entity, some in rows(random.Random(7), [account(plant.account)] * 3, NOW):
            results = await context.write.upsert(entity, list(some))
            assert [str(error) for result in results for error in result.errors] == []
        await create_due_orders(context, NOW + 60 * DAY)
    found = await plant.ask("""{
        equipments { nodes {
            failureCount meanHoursBetweenFailures availability costPerRunningHour
            workOrders(where: {plan: {some: {}}}) { totalCount }
        } }
        meterReadings { totalCount }
        serviceContracts { totalCount }
        partUses { totalCount }
        maintenancePlans(where: {nextDueAt: {isNull: false}}) { totalCount }
    }""")
    machines = found["equipments"]["nodes"]
    assert sum(machine["failureCount"] for machine in machines) > 5
    assert all(0.5 < machine["availability"] < 1 for machine in machines)
    assert all(machine["costPerRunningHour"] for machine in machines)
    assert sum(machine["workOrders"]["totalCount"] for machine in machines) > 0
    assert found["meterReadings"]["totalCount"] == 2 * 53 * len(machines)
    assert found["partUses"]["totalCount"] > 0
    assert found["maintenancePlans"]["totalCount"] >= 2 * len(machines)


async def test_the_readme_finds_something_in_it(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        for entity, some in rows(random.Random(7), [account(plant.account)] * 3, NOW):
            await context.write.upsert(entity, list(some))
    first = re.search(r"```graphql\n(.*?)```", README, re.DOTALL)
    assert first
    [found] = (await plant.ask(first[1]))["accounts"]["nodes"]
    assert found["equipmentFailureCount"] > 0
    assert found["maintenanceSummary"]["equipmentCount"] > 0
    assert any(machine["workOrders"]["nodes"] for machine in found["equipment"]["nodes"])
    assert all(
        len(meter["readings"]["nodes"]) == 3
        for machine in found["equipment"]["nodes"]
        for meter in machine["meters"]["nodes"]
    )
