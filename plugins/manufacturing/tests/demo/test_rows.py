"""The demo data: valid, deterministic, and sufficient for the example of the README."""

from __future__ import annotations

import random
import re
from pathlib import Path
from uuid import UUID

from tenure_manufacturing.demo.equipment import INDUSTRIES
from tenure_manufacturing.demo.rows import build_rows
from tenure_manufacturing.maintenance.preventive_orders import create_due_orders
from tenure_sdk import DemoAccount

from ..conftest import DAY, NOW, Plant

ACCOUNT_ID = UUID(int=7)
README = (Path(__file__).parents[2] / "README.md").read_text()


def build_account(identity: UUID, industry: str = "Manufacturing") -> DemoAccount:
    return DemoAccount(id=identity, name="Halden Bearings", industry=industry, since=NOW - 900 * DAY)


def build_data(*accounts: DemoAccount) -> dict[str, list[dict[str, object]]]:
    return {entity.__name__: rows for entity, rows in build_rows(random.Random(7), accounts, NOW)}


def test_equal_random_states_produce_equal_rows() -> None:
    assert build_data(build_account(ACCOUNT_ID)) == build_data(build_account(ACCOUNT_ID))


def test_accounts_in_other_industries_get_no_machines() -> None:
    assert "Insurance" not in INDUSTRIES
    assert build_data(build_account(ACCOUNT_ID, "Insurance"))["Equipment"] == []


async def test_all_rows_are_valid_and_the_metrics_have_values(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        for entity, rows in build_rows(random.Random(7), [build_account(plant.account)] * 3, NOW):
            results = await context.write.upsert(entity, rows)
            assert [str(error) for result in results for error in result.errors] == []
        await create_due_orders(context, NOW + 60 * DAY)
    data = await plant.execute("""{
        equipments { nodes {
            failureCount meanHoursBetweenFailures availability costPerRunningHour
            workOrders(where: {plan: {some: {}}}) { totalCount }
        } }
        meterReadings { totalCount }
        serviceContracts { totalCount }
        partUses { totalCount }
        maintenancePlans(where: {nextDueAt: {isNull: false}}) { totalCount }
    }""")
    machines = data["equipments"]["nodes"]
    assert sum(machine["failureCount"] for machine in machines) > 5
    assert all(0.5 < machine["availability"] < 1 for machine in machines)
    assert all(machine["costPerRunningHour"] for machine in machines)
    assert sum(machine["workOrders"]["totalCount"] for machine in machines) > 0
    assert data["meterReadings"]["totalCount"] == 2 * 53 * len(machines)
    assert data["partUses"]["totalCount"] > 0
    assert data["maintenancePlans"]["totalCount"] >= 2 * len(machines)


async def test_the_query_of_the_readme_returns_demo_data(plant: Plant) -> None:
    async with plant.tenant.context("manufacturing") as context:
        for entity, rows in build_rows(random.Random(7), [build_account(plant.account)] * 3, NOW):
            await context.write.upsert(entity, rows)
    query = re.search(r"```graphql\n(.*?)```", README, re.DOTALL)
    assert query
    [account] = (await plant.execute(query[1]))["accounts"]["nodes"]
    assert account["equipmentFailureCount"] > 0
    assert account["maintenanceSummary"]["equipmentCount"] > 0
    assert any(machine["workOrders"]["nodes"] for machine in account["equipment"]["nodes"])
    assert all(
        len(meter["readings"]["nodes"]) == 3
        for machine in account["equipment"]["nodes"]
        for meter in machine["meters"]["nodes"]
    )
