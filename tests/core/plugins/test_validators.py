"""Validators: plugins see every write of their tenants before it is done, and may refuse rows of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any

import psycopg
import pytest
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import ConflictError
from tenure_sdk import (
    Account,
    ChangeOperation,
    Context,
    ForbiddenError,
    Refusal,
    RowWrite,
    WriteSet,
)
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure


class Judge:
    """What the validators of a test do, and what they were shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, WriteSet]] = []

    def rows(self, plugin: str = "fleet") -> list[RowWrite]:
        return [row for name, writes in self.seen for row in writes.rows if name == plugin]

    async def judge(self, plugin: str, context: Context, writes: WriteSet) -> Iterable[Refusal]:
        self.seen.append((plugin, writes))
        return await self.refusals(context, writes)

    async def refusals(self, context: Context, writes: WriteSet) -> Iterable[Refusal]:
        """Refuse cars whose plates begin with "X"."""
        return [
            Refusal(row, ("plate",), "such plates are not sold")
            for row in writes.rows
            if str(row.values.get("plate", "")).startswith("X")
        ]


JUDGE = Judge()


async def by_fleet(context: Context, writes: WriteSet) -> Iterable[Refusal]:
    return await JUDGE.judge("fleet", context, writes)


async def by_guard(context: Context, writes: WriteSet) -> Iterable[Refusal]:
    return await JUDGE.judge("guard", context, writes)


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [fleet(validate_write=by_fleet), fleet("guard", validate_write=by_guard)]
    async with running_tenure(server_url, plugins) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.new_tenant()


@pytest.fixture(autouse=True)
def judge() -> Judge:
    JUDGE.__dict__.clear()
    JUDGE.seen = []
    return JUDGE


async def write(tenant: Tenant, mutation: str, asked: str = "status", **variables: object) -> Any:
    """Do one mutation, and return its payload."""
    errors = "userErrors { code path message }"
    answer = await tenant.ask(f"mutation {{ it: {mutation} {{ {asked} {errors} }} }}", **variables)
    assert "errors" not in answer, answer
    return answer["data"]["it"]


async def plates(tenant: Tenant) -> list[str]:
    answer = await tenant.ask("{ fleetCars(orderBy: [{field: PLATE}]) { nodes { plate } } }")
    return [car["plate"] for car in answer["data"]["fleetCars"]["nodes"]]


async def car(tenant: Tenant, plate: str = "B 1", more: str = "") -> str:
    asked = "fleetCar { id } userErrors { message }"
    answer = await tenant.ask(
        f'mutation {{ fleetCarCreate(input: {{plate: "{plate}" {more}}}) {{ {asked} }} }}'
    )
    return str(answer["data"]["fleetCarCreate"]["fleetCar"]["id"])


REFUSED = [{"code": "REFUSED", "path": ["input", "plate"], "message": "such plates are not sold"}]


async def test_a_refusal_is_an_error_of_the_row(tenant: Tenant) -> None:
    payload = await write(tenant, 'fleetCarCreate(input: {plate: "X 1"})')
    # The fleet and the guard both refuse it.
    assert payload == {"status": "FAILED", "userErrors": REFUSED * 2}
    assert await plates(tenant) == []


async def test_sound_rows_are_written_where_the_policy_lets_them(tenant: Tenant) -> None:
    rows = ", ".join(
        f'{{match: {{externalRef: {{system: "erp", id: "{plate}"}}}}, plate: "{plate}"}}'
        for plate in ("A 1", "X 1", "A 2")
    )
    some = f"fleetCarsBulkUpsert(input: {{rows: [{rows}], errorPolicy: REJECT_FAILED_ROWS}})"
    payload = await write(tenant, some, "results { status }")
    assert [one["status"] for one in payload["results"]] == ["CREATED", "FAILED", "CREATED"]
    assert {tuple(one["path"]) for one in payload["userErrors"]} == {("input", "rows", "1", "plate")}
    assert await plates(tenant) == ["A 1", "A 2"]


async def test_a_refused_row_gives_its_key_back(tenant: Tenant, judge: Judge) -> None:
    row = 'match: {externalRef: {system: "erp", id: "1"}}'
    await write(tenant, f'fleetCarUpsert(input: {{{row}, plate: "X 1"}})')
    payload = await write(tenant, f'fleetCarUpsert(input: {{{row}, plate: "B 1"}})')
    assert payload["status"] == "CREATED"


async def test_values_are_pythons_by_attribute(tenant: Tenant, judge: Judge) -> None:
    answer = await tenant.ask('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    account = answer["data"]["accountCreate"]["account"]["id"]
    judge.seen.clear()
    await write(
        tenant,
        "fleetCarCreate(input: $input)".replace(
            "$input",
            f'{{plate: "B 1", account: {{id: "{account}"}}, odometer: 7, boughtOn: "2026-03-31", '
            'price: {minorUnits: 100, currency: "EUR"}, equipment: {radio: [1, null]}}',
        ),
    )
    [row] = judge.rows()
    assert dict(row.values) == {
        "plate": "B 1",
        "account_id": uuid.UUID(account),
        "odometer": 7,
        "bought_on": date(2026, 3, 31),
        "price_minor_units": 100,
        "price_currency": "EUR",
        "equipment": {"radio": [1, None]},
    }
    assert (judge.seen[0][1].entity, row.operation, row.id.version) == (FleetCar, ChangeOperation.CREATE, 7)
    with pytest.raises(TypeError):
        row.values["plate"] = "C 1"  # type: ignore[index]


WRITES = {
    "fleetCarUpdate(input: {id: $id, odometer: 8})": ChangeOperation.UPDATE,
    "fleetCarUpsert(input: {match: {id: $id}, odometer: 8})": ChangeOperation.UPDATE,
    "fleetCarDelete(input: {id: $id})": ChangeOperation.DELETE,
    "fleetCarPurge(input: {id: $id})": ChangeOperation.PURGE,
    "batch(input: {operations: [{fleetCarUpdate: {id: $id, odometer: 8}}]})": ChangeOperation.UPDATE,
    "batch(input: {operations: [{fleetCarDelete: {id: $id}}]})": ChangeOperation.DELETE,
    "fleetCarsBulkUpsert(input: {rows: [{match: {id: $id}, odometer: 8}]})": ChangeOperation.UPDATE,
}


@pytest.mark.parametrize("mutation", WRITES)
async def test_every_way_to_write_is_checked(tenant: Tenant, judge: Judge, mutation: str) -> None:
    identity = await car(tenant, more="odometer: 7 equipment: {radio: true}")
    judge.seen.clear()
    stored: list[Any] = []

    async def refuse_all(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        stored.append(await writes.stored())
        return [Refusal(row, ("odometer",), "leave it") for row in writes.rows]

    judge.refusals = refuse_all  # type: ignore[method-assign]
    payload = await write(tenant, mutation.replace("$id", f'"{identity}"'), "userErrors { code }")
    assert {error["code"] for error in payload["userErrors"]} == {"REFUSED"}
    assert payload["userErrors"][0]["path"][-1] == "odometer"
    [row] = judge.rows()
    assert (row.operation, row.id) == (WRITES[mutation], uuid.UUID(identity))
    [record] = stored[0].values()
    assert (record["plate"], record["odometer"], record["equipment"]) == ("B 1", 7, {"radio": True})
    judge.refusals = Judge.refusals.__get__(judge)  # type: ignore[method-assign]
    answer = await tenant.ask("{ fleetCars { nodes { odometer version } } }")
    assert answer["data"]["fleetCars"]["nodes"] == [{"odometer": 7, "version": 1}]


async def test_deleted_records_are_restored_or_left_where_they_are(tenant: Tenant, judge: Judge) -> None:
    identity = await car(tenant)
    await write(tenant, f'fleetCarDelete(input: {{id: "{identity}"}})')
    judge.seen.clear()
    await write(tenant, f'fleetCarDelete(input: {{id: "{identity}"}})')
    assert judge.rows() == []
    await write(tenant, f'fleetCarRestore(input: {{id: "{identity}"}})')
    await write(tenant, f'fleetCarDelete(input: {{id: "{identity}"}})')
    await write(tenant, f'fleetCarUpsert(input: {{match: {{id: "{identity}"}}}})')
    assert [row.operation for row in judge.rows()] == ["RESTORE", "DELETE", "RESTORE"]


async def test_a_stream_is_checked_chunk_by_chunk(tenant: Tenant, judge: Judge) -> None:
    rows = [
        {"match": {"externalRef": {"system": "erp", "id": str(n)}}, "plate": f"{'X' if n == 7 else 'A'} {n}"}
        for n in range(1_200)
    ]
    body = "\n".join(map(json.dumps, rows))
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[7]["userErrors"][0]["code"] == "REFUSED"
    assert lines[-1]["counts"] == {"CREATED": 1_199, "FAILED": 1}
    assert [len(writes.rows) for plugin, writes in judge.seen if plugin == "fleet"] == [1_000, 200]


async def test_a_dry_run_tells_what_would_be_refused(tenant: Tenant, judge: Judge) -> None:
    row = 'match: {externalRef: {system: "erp", id: "1"}}, plate: "X 1"'
    dry = f"fleetCarsBulkUpsert(input: {{rows: [{{{row}}}], dryRun: true}})"
    payload = await write(tenant, dry, "results { status }")
    assert payload["results"] == [{"status": "CONFLICT"}]
    assert judge.rows()


async def test_what_hangs_on_a_purged_record_is_checked_too(tenant: Tenant, judge: Judge) -> None:
    answer = await tenant.ask('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    account = answer["data"]["accountCreate"]["account"]["id"]
    identity = await car(tenant, more=f'account: {{id: "{account}"}}')

    async def keep_cars(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        return [Refusal(row, ("plate",), "is leased") for row in writes.rows if writes.entity is FleetCar]

    judge.refusals = keep_cars  # type: ignore[method-assign]
    payload = await write(tenant, f'accountPurge(input: {{id: "{account}"}})', "purged { entity count }")
    error = payload["userErrors"][0]
    assert (error["path"], error["message"]) == (["input", "id"], f"FleetCar {identity}: is leased")
    assert await plates(tenant) == ["B 1"]


async def test_a_row_that_refers_to_a_refused_one_is_refused_with_it(tenant: Tenant, judge: Judge) -> None:
    async def refuse_parents(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        return [Refusal(row, ("name",), "no") for row in writes.rows if row.values.get("name") == "Parent"]

    judge.refusals = refuse_parents  # type: ignore[method-assign]
    rows = """
      {match: {externalRef: {system: "erp", id: "1"}}, name: "Child",
       parent: {externalRef: {system: "erp", id: "2"}}},
      {match: {externalRef: {system: "erp", id: "2"}}, name: "Parent"}
    """
    some = f"accountsBulkUpsert(input: {{rows: [{rows}], errorPolicy: REJECT_FAILED_ROWS}})"
    payload = await write(tenant, some, "results { status userErrors { code } }")
    assert [one["userErrors"][0]["code"] for one in payload["results"]] == ["NOT_FOUND", "REFUSED"]


async def test_a_check_that_fails_names_its_plugin_and_nothing_is_written(
    tenant: Tenant, judge: Judge
) -> None:
    async def fail(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        context.session.add(Account(name="made by a validator"))
        await context.session.flush()
        raise LookupError("no such thing")

    judge.refusals = fail  # type: ignore[method-assign]
    answer = await tenant.ask('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "PLUGIN_FAILED"
    assert "plugin fleet failed to check a write of FleetCar" in error["message"]
    assert await plates(tenant) == []
    assert (await tenant.ask("{ accounts { totalCount } }"))["data"]["accounts"]["totalCount"] == 0


async def test_rows_that_were_not_shown_can_not_be_refused(tenant: Tenant, judge: Judge) -> None:
    async def refuse_another(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        return [Refusal(RowWrite(uuid.uuid4(), ChangeOperation.CREATE, {}), (), "what?")]

    judge.refusals = refuse_another  # type: ignore[method-assign]
    answer = await tenant.ask('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    assert answer["errors"][0]["extensions"]["code"] == "PLUGIN_FAILED"


async def test_a_check_may_say_that_the_actor_may_not(tenant: Tenant, judge: Judge) -> None:
    async def forbid(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        raise ForbiddenError("Not on Sundays.")

    judge.refusals = forbid  # type: ignore[method-assign]
    answer = await tenant.ask('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_check_that_meets_another_write_is_done_again(tenant: Tenant, judge: Judge) -> None:
    met = [psycopg.errors.DeadlockDetected(), ConflictError("Met another write.")]

    async def meet(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        if met:
            raise met.pop()
        return []

    judge.refusals = meet  # type: ignore[method-assign]
    assert (await write(tenant, 'fleetCarCreate(input: {plate: "B 1"})'))["status"] == "CREATED"
    assert not met


async def test_a_tenant_without_the_plugin_is_not_checked(tenure: RunningTenure, judge: Judge) -> None:
    plain = await tenure.opened(f"plain {uuid.uuid4()}", "admin")
    answer = await plain.ask('mutation { accountCreate(input: {name: "X"}) { status } }')
    assert answer["data"]["accountCreate"]["status"] == "CREATED"
    assert judge.seen == []


async def test_checks_cost_no_statement_and_stored_values_one_for_all_plugins(
    tenure: RunningTenure, tenant: Tenant, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def counted(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        if not any(name in str(query) for name in ("set_config", "pg_notify")):
            executed.append(str(query))
        return await execute(cursor, query, *args, **options)

    async def read(context: Context, writes: WriteSet) -> Iterable[Refusal]:
        assert len(await writes.stored()) == 3
        return await writes.stored() and []

    async def count(asking: Tenant, employees: int) -> int:
        rows = ", ".join(
            f'{{match: {{externalRef: {{system: "erp", id: "{n}"}}}}, name: "{n}", employees: {employees}}}'
            for n in range(3)
        )
        executed.clear()
        await write(asking, f"accountsBulkUpsert(input: {{rows: [{rows}]}})", "results { status }")
        return len(executed)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    plain = await tenure.opened(f"plain {uuid.uuid4()}", "admin")
    for one in (plain, tenant):
        await count(one, 1)
    without, with_checks = await count(plain, 2), await count(tenant, 2)
    assert judge.rows("guard")
    judge.refusals = read  # type: ignore[method-assign]
    assert (with_checks, await count(tenant, 3)) == (without, without + 1)
