"""The Azure predictive-maintenance files, imported: the numbers are those of pandas."""

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
"""The README's commands: file, entity and map of each."""

HOURS = 244 * 24
DAYS = pandas.Timedelta(days=14)

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="azure_pdm is not there: TENURE_DATA names the folder that holds it"
)


@pytest.fixture(scope="module")
async def fleet(tenure: RunningTenure) -> Tenant:
    """A tenant with all of the files."""
    tenant = await tenure.new_tenant()
    for file, entity, name in STEPS:
        tenure_import(tenure, tenant, file, entity, name)
    return tenant


def tenure_import(tenure: RunningTenure, tenant: Tenant, file: str, entity: str, name: str) -> str:
    command = [sys.executable, "-c", "from tenure_sdk.cli.app import main; main()", "import"]
    command += [str(DATA / f"{file}.csv"), "--entity", entity, "--map", str(MAPS / f"{name}.yaml")]
    settings = {"DATABASE_URL": tenure.settings.database_url, "TENURE_PLUGINS_ALLOW": "manufacturing"}
    ran = subprocess.run(
        [*command, "--tenant", tenant.name, "--rejects", os.devnull],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def table(name: str) -> pandas.DataFrame:
    return pandas.read_csv(DATA / f"{name}.csv", parse_dates=["datetime"] if name != "machines" else None)


async def ask(tenant: Tenant, query: str) -> Any:
    answer = await tenant.ask(query)
    assert "errors" not in answer, answer
    return answer["data"]


async def pages(tenant: Tenant, field: str, arguments: str, selection: str) -> AsyncIterator[dict[str, Any]]:
    """Yield all records of a list."""
    after = "null"
    while after:
        found = await ask(
            tenant,
            f"{{ {field}(first: 100, after: {after}, {arguments}) {{"
            f" nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}",
        )
        for node in found[field]["nodes"]:
            yield node
        page = found[field]["pageInfo"]
        after = f'"{page["endCursor"]}"' if page["hasNextPage"] else ""


def test_the_readme_imports_every_file() -> None:
    assert {file for file, _, _ in STEPS} == {path.stem for path in DATA.glob("*.csv")}
    assert {name for _, _, name in STEPS} == {path.stem for path in MAPS.glob("*.yaml")}


async def test_every_line_is_a_record(fleet: Tenant) -> None:
    found = await ask(
        fleet,
        """{
        equipments { totalCount }
        errorEvents { totalCount }
        failures: workOrders(where: {kind: {eq: CORRECTIVE}}) { totalCount }
        maintenance: workOrders(where: {kind: {eq: PREVENTIVE}}) { totalCount }
    }""",
    )
    counts = [len(table(name)) for name in ("machines", "errors", "failures", "maint")]
    assert [one["totalCount"] for one in found.values()] == counts


async def test_mean_hours_between_failures_of_each_model(fleet: Tenant) -> None:
    found = await ask(
        fleet, "{ products { nodes { code operatingHours failureCount meanHoursBetweenFailures } } }"
    )
    machines, failures = table("machines"), table("failures")
    failed = failures.merge(machines, on="machineID").groupby("model").size()
    hours = machines.groupby("model").size() * HOURS
    assert {one["code"]: one["failureCount"] for one in found["products"]["nodes"]} == failed.to_dict()
    assert {one["code"]: one["operatingHours"] for one in found["products"]["nodes"]} == hours.to_dict()
    means = {one["code"]: one["meanHoursBetweenFailures"] for one in found["products"]["nodes"]}
    assert means == pytest.approx((hours / failed).to_dict())


async def test_groups_of_machines_give_the_same_as_their_model_line(fleet: Tenant) -> None:
    found = await ask(
        fleet,
        """{ equipmentsAggregate(groupBy: [{field: MODEL}]) {
            key { model } sum { operatingHours failureCount }
        } }""",
    )
    lines = await ask(fleet, "{ products { nodes { code meanHoursBetweenFailures } } }")
    means = {
        group["key"]["model"]: group["sum"]["operatingHours"] / group["sum"]["failureCount"]
        for group in found["equipmentsAggregate"]
    }
    assert means == {one["code"]: one["meanHoursBetweenFailures"] for one in lines["products"]["nodes"]}


async def test_failures_of_each_month_and_component(fleet: Tenant) -> None:
    found = await ask(
        fleet,
        """{ workOrdersAggregate(
            where: {kind: {eq: CORRECTIVE}}
            groupBy: [{field: REPORTED_AT, bucket: MONTH}, {field: COMPONENT}]
            first: 1000
        ) { key { reportedAt component } count } }""",
    )
    got = {
        (group["key"]["reportedAt"][:7], group["key"]["component"]): group["count"]
        for group in found["workOrdersAggregate"]
    }
    failures = table("failures")
    assert got == failures.groupby([failures.datetime.dt.strftime("%Y-%m"), "failure"]).size().to_dict()


UNSERVICED = """{kind: {eq: CORRECTIVE}, or: [
    {daysSinceService: {gt: 14}}, {daysSinceService: {isNull: true}}
]}"""


async def test_machines_with_a_failure_but_no_maintenance_in_the_14_days_before(fleet: Tenant) -> None:
    where = f"where: {{workOrders: {{some: {UNSERVICED}}}}}"
    serials = {node["serialNumber"] async for node in pages(fleet, "equipments", where, "serialNumber")}
    assert serials == {f"PDM-{machine}" for machine, _ in unmaintained()}


async def test_failures_without_maintenance_in_the_14_days_before(fleet: Tenant) -> None:
    selection = "reportedAt equipment { serialNumber }"
    got = [
        (node["equipment"]["serialNumber"], pandas.Timestamp(node["reportedAt"]).tz_localize(None))
        async for node in pages(fleet, "workOrders", f"where: {UNSERVICED}", selection)
    ]
    assert sorted(got) == sorted((f"PDM-{machine}", at) for machine, at in unmaintained())


def unmaintained() -> list[tuple[int, pandas.Timestamp]]:
    """Return the failures, as machine and time, before which there was no maintenance for 14 days."""
    failures, maintenance = table("failures"), table("maint")
    both = failures.merge(maintenance, on="machineID", suffixes=("", "_maintained"))
    before = both.datetime - both.datetime_maintained
    kept = both[(before > pandas.Timedelta(0)) & (before <= DAYS)]
    maintained = set(zip(kept.machineID, kept.datetime, strict=True))
    listed = list(zip(failures.machineID, failures.datetime, strict=True))
    return [failure for failure in listed if failure not in maintained]


async def test_sending_the_errors_again_as_a_stream_changes_nothing(fleet: Tenant) -> None:
    errors = table("errors")
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
    answer = await fleet.client.post("/bulk/ErrorEvent", content=b"\n".join(lines), headers=headers)
    found = [orjson.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in found if "status" in one][: len(lines)] == ["NOOP"] * len(lines)


def example() -> tuple[list[str], list[Any]]:
    """Return the README's questions about these files, and their answers."""
    about = README.partition("## Real machines")[2].partition("\n## ")[0]
    questions = re.findall(r"```graphql\n(.*?)```", about, re.DOTALL)
    answers = re.findall(r"```json\n(.*?)```", about, re.DOTALL)
    return questions, [orjson.loads(answer) for answer in answers]


async def test_the_readme_shows_the_real_output(fleet: Tenant) -> None:
    questions, answers = example()
    assert len(questions) == len(answers) > 0
    assert [{"data": await ask(fleet, question)} for question in questions] == answers
