"""An integrator imports the Azure predictive-maintenance files; the results equal those of pandas."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pandas
import pytest

if TYPE_CHECKING:
    from tenure_sdk.testing import RunningTenure, Tenant

PACK = Path(__file__).parents[2]
DATA = Path(os.environ.get("TENURE_DATA", PACK.parents[2] / "shared" / "data")) / "azure_pdm"
MAPS = PACK / "examples" / "azure_pdm"
README = (PACK / "README.md").read_text()
STEPS = re.findall(r"^tenure import \S*?(\w+)\.csv\S* --entity (\w+) .*?(\w+)\.yaml", README, re.MULTILINE)
"""File, entity and map of each import command in the README."""

OPERATING_HOURS = 244 * 24
MAX_AGE = pandas.Timedelta(days=14)

pytestmark = pytest.mark.skipif(
    not DATA.exists(),
    reason="the data set azure_pdm is missing: set TENURE_DATA to the folder that contains it",
)


@pytest.fixture(scope="module")
async def fleet(tenure: RunningTenure) -> Tenant:
    """A tenant with the imported files."""
    tenant = await tenure.create_tenant()
    for file, entity, name in STEPS:
        run_import(tenure, tenant, file, entity, name)
    return tenant


def run_import(tenure: RunningTenure, tenant: Tenant, file: str, entity: str, name: str) -> None:
    command = [sys.executable, "-c", "from tenure_sdk.cli.app import main; main()", "import"]
    command += [str(DATA / f"{file}.csv"), "--entity", entity, "--map", str(MAPS / f"{name}.yaml")]
    settings = {"DATABASE_URL": tenure.settings.database_url, "TENURE_PLUGINS_ALLOW": "manufacturing"}
    process = subprocess.run(
        [*command, "--tenant", tenant.name, "--rejects", os.devnull],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stdout + process.stderr


def read_csv(name: str) -> pandas.DataFrame:
    return pandas.read_csv(DATA / f"{name}.csv", parse_dates=["datetime"] if name != "machines" else None)


async def execute(tenant: Tenant, query: str) -> Any:
    response = await tenant.execute(query)
    assert "errors" not in response, response
    return response["data"]


async def read_all(
    tenant: Tenant, field: str, arguments: str, selection: str
) -> AsyncIterator[dict[str, Any]]:
    """Yield the records of all pages of a list."""
    after = "null"
    while after:
        data = await execute(
            tenant,
            f"{{ {field}(first: 100, after: {after}, {arguments}) {{"
            f" nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}",
        )
        for node in data[field]["nodes"]:
            yield node
        page = data[field]["pageInfo"]
        after = f'"{page["endCursor"]}"' if page["hasNextPage"] else ""


def test_the_readme_imports_every_file_with_every_map() -> None:
    assert {file for file, _, _ in STEPS} == {path.stem for path in DATA.glob("*.csv")}
    assert {name for _, _, name in STEPS} == {path.stem for path in MAPS.glob("*.yaml")}


async def test_every_line_becomes_a_record(fleet: Tenant) -> None:
    data = await execute(
        fleet,
        """{
        equipments { totalCount }
        errorEvents { totalCount }
        failures: workOrders(where: {kind: {eq: CORRECTIVE}}) { totalCount }
        maintenance: workOrders(where: {kind: {eq: PREVENTIVE}}) { totalCount }
    }""",
    )
    counts = [len(read_csv(name)) for name in ("machines", "errors", "failures", "maint")]
    assert [connection["totalCount"] for connection in data.values()] == counts


async def test_the_mean_hours_between_failures_of_each_model_are_correct(fleet: Tenant) -> None:
    data = await execute(
        fleet, "{ products { nodes { code operatingHours failureCount meanHoursBetweenFailures } } }"
    )
    machines, failures = read_csv("machines"), read_csv("failures")
    failed = failures.merge(machines, on="machineID").groupby("model").size()
    hours = machines.groupby("model").size() * OPERATING_HOURS
    products = data["products"]["nodes"]
    assert {product["code"]: product["failureCount"] for product in products} == failed.to_dict()
    assert {product["code"]: product["operatingHours"] for product in products} == hours.to_dict()
    means = {product["code"]: product["meanHoursBetweenFailures"] for product in products}
    assert means == pytest.approx((hours / failed).to_dict())


async def test_the_sums_of_groups_give_the_metrics_of_the_product(fleet: Tenant) -> None:
    data = await execute(
        fleet,
        """{ equipmentsAggregate(groupBy: [{field: MODEL}]) {
            key { model } sum { operatingHours failureCount }
        } }""",
    )
    products = await execute(fleet, "{ products { nodes { code meanHoursBetweenFailures } } }")
    means = {
        group["key"]["model"]: group["sum"]["operatingHours"] / group["sum"]["failureCount"]
        for group in data["equipmentsAggregate"]
    }
    assert means == {
        product["code"]: product["meanHoursBetweenFailures"] for product in products["products"]["nodes"]
    }


async def test_the_failures_of_each_month_and_component_are_correct(fleet: Tenant) -> None:
    data = await execute(
        fleet,
        """{ workOrdersAggregate(
            where: {kind: {eq: CORRECTIVE}}
            groupBy: [{field: REPORTED_AT, bucket: MONTH}, {field: COMPONENT}]
            first: 1000
        ) { key { reportedAt component } count } }""",
    )
    counts = {
        (group["key"]["reportedAt"][:7], group["key"]["component"]): group["count"]
        for group in data["workOrdersAggregate"]
    }
    failures = read_csv("failures")
    assert counts == failures.groupby([failures.datetime.dt.strftime("%Y-%m"), "failure"]).size().to_dict()


WITHOUT_MAINTENANCE = """{kind: {eq: CORRECTIVE}, or: [
    {daysSinceService: {gt: 14}}, {daysSinceService: {isNull: true}}
]}"""


async def test_machines_with_a_failure_without_maintenance_in_14_days_are_found(fleet: Tenant) -> None:
    where = f"where: {{workOrders: {{some: {WITHOUT_MAINTENANCE}}}}}"
    serials = {node["serialNumber"] async for node in read_all(fleet, "equipments", where, "serialNumber")}
    assert serials == {f"PDM-{machine}" for machine, _ in failures_without_maintenance()}


async def test_failures_without_maintenance_in_14_days_are_found(fleet: Tenant) -> None:
    selection = "reportedAt equipment { serialNumber }"
    failures = [
        (node["equipment"]["serialNumber"], pandas.Timestamp(node["reportedAt"]).tz_localize(None))
        async for node in read_all(fleet, "workOrders", f"where: {WITHOUT_MAINTENANCE}", selection)
    ]
    assert sorted(failures) == sorted(
        (f"PDM-{machine}", at) for machine, at in failures_without_maintenance()
    )


def failures_without_maintenance() -> list[tuple[int, pandas.Timestamp]]:
    """Return machine and time of the failures without maintenance in the 14 days before."""
    failures, maintenance = read_csv("failures"), read_csv("maint")
    pairs = failures.merge(maintenance, on="machineID", suffixes=("", "_maintained"))
    age = pairs.datetime - pairs.datetime_maintained
    recent = pairs[(age > pandas.Timedelta(0)) & (age <= MAX_AGE)]
    maintained = set(zip(recent.machineID, recent.datetime, strict=True))
    all_failures = zip(failures.machineID, failures.datetime, strict=True)
    return [failure for failure in all_failures if failure not in maintained]


async def test_a_bulk_load_of_the_imported_errors_changes_nothing(fleet: Tenant) -> None:
    errors = read_csv("errors")
    lines = [
        orjson.dumps(
            {
                "match": {"externalRef": {"system": "azure-pdm", "id": f"{machine}/{at}/{code}"}},
                "equipment": {"externalRef": {"system": "azure-pdm", "id": str(machine)}},
                "code": code,
                "severity": "WARNING",
                "occurredAt": at.isoformat(),
            }
        )
        for at, machine, code in errors.itertuples(index=False)
    ]
    headers = {"Content-Type": "application/x-ndjson"}
    response = await fleet.client.post("/bulk/ErrorEvent", content=b"\n".join(lines), headers=headers)
    results = [orjson.loads(line) for line in response.text.splitlines()]
    assert [result["status"] for result in results if "status" in result][: len(lines)] == ["NOOP"] * len(
        lines
    )


def read_examples() -> tuple[list[str], list[Any]]:
    """Return the queries in the README's section on the files, and their responses."""
    section = README.partition("## Example: Azure predictive maintenance")[2].partition("\n## ")[0]
    queries = re.findall(r"```graphql\n(.*?)```", section, re.DOTALL)
    responses = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    return queries, [orjson.loads(response) for response in responses]


async def test_the_responses_in_the_readme_are_correct(fleet: Tenant) -> None:
    queries, responses = read_examples()
    assert len(queries) == len(responses) > 0
    assert [{"data": await execute(fleet, query)} for query in queries] == responses
