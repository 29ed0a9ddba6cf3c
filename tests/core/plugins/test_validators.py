"""Validators: plugins receive the rows of every write of their tenants, and may reject them."""

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
    RowError,
    RowWrite,
    WriteSet,
)
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure


class RecordingValidator:
    """The behaviour of the validators in a test, and the write sets that they received."""

    def __init__(self) -> None:
        self.received: list[tuple[str, WriteSet]] = []

    def rows(self, plugin: str = "fleet") -> list[RowWrite]:
        return [row for name, writes in self.received for row in writes.rows if name == plugin]

    async def validate(self, plugin: str, context: Context, writes: WriteSet) -> Iterable[RowError]:
        self.received.append((plugin, writes))
        return await self.find_errors(context, writes)

    async def find_errors(self, context: Context, writes: WriteSet) -> Iterable[RowError]:
        """Reject cars with plates that start with "X"."""
        return [
            RowError(row, ("plate",), "such plates are not sold")
            for row in writes.rows
            if str(row.values.get("plate", "")).startswith("X")
        ]


VALIDATOR = RecordingValidator()


async def validate_for_fleet(context: Context, writes: WriteSet) -> Iterable[RowError]:
    return await VALIDATOR.validate("fleet", context, writes)


async def validate_for_guard(context: Context, writes: WriteSet) -> Iterable[RowError]:
    return await VALIDATOR.validate("guard", context, writes)


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [fleet(validate_write=validate_for_fleet), fleet("guard", validate_write=validate_for_guard)]
    async with running_tenure(server_url, plugins) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.create_tenant()


@pytest.fixture(autouse=True)
def validator() -> RecordingValidator:
    VALIDATOR.__dict__.clear()
    VALIDATOR.received = []
    return VALIDATOR


async def write(tenant: Tenant, mutation: str, selection: str = "status", **variables: object) -> Any:
    """Run a mutation, and return its payload."""
    errors = "userErrors { code path message }"
    answer = await tenant.execute(f"mutation {{ it: {mutation} {{ {selection} {errors} }} }}", **variables)
    assert "errors" not in answer, answer
    return answer["data"]["it"]


async def plates(tenant: Tenant) -> list[str]:
    answer = await tenant.execute("{ fleetCars(orderBy: [{field: PLATE}]) { nodes { plate } } }")
    return [car["plate"] for car in answer["data"]["fleetCars"]["nodes"]]


async def car(tenant: Tenant, plate: str = "B 1", more: str = "") -> str:
    selection = "fleetCar { id } userErrors { message }"
    answer = await tenant.execute(
        f'mutation {{ fleetCarCreate(input: {{plate: "{plate}" {more}}}) {{ {selection} }} }}'
    )
    return str(answer["data"]["fleetCarCreate"]["fleetCar"]["id"])


REJECTED = [{"code": "REJECTED", "path": ["input", "plate"], "message": "such plates are not sold"}]


async def test_a_row_error_rejects_the_row(tenant: Tenant) -> None:
    payload = await write(tenant, 'fleetCarCreate(input: {plate: "X 1"})')
    # The plugins fleet and guard both reject it.
    assert payload == {"status": "FAILED", "userErrors": REJECTED * 2}
    assert await plates(tenant) == []


async def test_valid_rows_are_written_if_the_policy_allows_it(tenant: Tenant) -> None:
    rows = ", ".join(
        f'{{match: {{externalRef: {{system: "erp", id: "{plate}"}}}}, plate: "{plate}"}}'
        for plate in ("A 1", "X 1", "A 2")
    )
    mutation = f"fleetCarsBulkUpsert(input: {{rows: [{rows}], errorPolicy: REJECT_FAILED_ROWS}})"
    payload = await write(tenant, mutation, "results { status }")
    assert [result["status"] for result in payload["results"]] == ["CREATED", "FAILED", "CREATED"]
    assert {tuple(error["path"]) for error in payload["userErrors"]} == {("input", "rows", "1", "plate")}
    assert await plates(tenant) == ["A 1", "A 2"]


async def test_a_rejected_row_releases_its_key(tenant: Tenant, validator: RecordingValidator) -> None:
    row = 'match: {externalRef: {system: "erp", id: "1"}}'
    await write(tenant, f'fleetCarUpsert(input: {{{row}, plate: "X 1"}})')
    payload = await write(tenant, f'fleetCarUpsert(input: {{{row}, plate: "B 1"}})')
    assert payload["status"] == "CREATED"


async def test_validators_receive_python_values_by_attribute(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    answer = await tenant.execute('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    account = answer["data"]["accountCreate"]["account"]["id"]
    validator.received.clear()
    await write(
        tenant,
        "fleetCarCreate(input: $input)".replace(
            "$input",
            f'{{plate: "B 1", account: {{id: "{account}"}}, odometer: 7, boughtOn: "2026-03-31", '
            'price: {minorUnits: 100, currency: "EUR"}, equipment: {radio: [1, null]}}',
        ),
    )
    [row] = validator.rows()
    assert dict(row.values) == {
        "plate": "B 1",
        "account_id": uuid.UUID(account),
        "odometer": 7,
        "bought_on": date(2026, 3, 31),
        "price_minor_units": 100,
        "price_currency": "EUR",
        "equipment": {"radio": [1, None]},
    }
    assert (validator.received[0][1].entity, row.operation, row.id.version) == (
        FleetCar,
        ChangeOperation.CREATE,
        7,
    )
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
async def test_every_write_operation_is_validated(
    tenant: Tenant, validator: RecordingValidator, mutation: str
) -> None:
    car_id = await car(tenant, more="odometer: 7 equipment: {radio: true}")
    validator.received.clear()
    stored: list[Any] = []

    async def reject_all(context: Context, writes: WriteSet) -> Iterable[RowError]:
        stored.append(await writes.read_stored())
        return [RowError(row, ("odometer",), "leave it") for row in writes.rows]

    validator.find_errors = reject_all  # type: ignore[method-assign]
    payload = await write(tenant, mutation.replace("$id", f'"{car_id}"'), "userErrors { code }")
    assert {error["code"] for error in payload["userErrors"]} == {"REJECTED"}
    assert payload["userErrors"][0]["path"][-1] == "odometer"
    [row] = validator.rows()
    assert (row.operation, row.id) == (WRITES[mutation], uuid.UUID(car_id))
    [record] = stored[0].values()
    assert (record["plate"], record["odometer"], record["equipment"]) == ("B 1", 7, {"radio": True})
    validator.find_errors = RecordingValidator.find_errors.__get__(validator)  # type: ignore[method-assign]
    answer = await tenant.execute("{ fleetCars { nodes { odometer version } } }")
    assert answer["data"]["fleetCars"]["nodes"] == [{"odometer": 7, "version": 1}]


async def test_validators_are_called_for_restores_but_not_for_unchanged_rows(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    car_id = await car(tenant)
    await write(tenant, f'fleetCarDelete(input: {{id: "{car_id}"}})')
    validator.received.clear()
    await write(tenant, f'fleetCarDelete(input: {{id: "{car_id}"}})')
    assert validator.rows() == []
    await write(tenant, f'fleetCarRestore(input: {{id: "{car_id}"}})')
    await write(tenant, f'fleetCarDelete(input: {{id: "{car_id}"}})')
    await write(tenant, f'fleetCarUpsert(input: {{match: {{id: "{car_id}"}}}})')
    assert [row.operation for row in validator.rows()] == ["RESTORE", "DELETE", "RESTORE"]


async def test_a_bulk_load_is_validated_per_chunk(tenant: Tenant, validator: RecordingValidator) -> None:
    rows = [
        {"match": {"externalRef": {"system": "erp", "id": str(n)}}, "plate": f"{'X' if n == 7 else 'A'} {n}"}
        for n in range(1_200)
    ]
    body = "\n".join(map(json.dumps, rows))
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await tenant.client.post("/bulk/FleetCar", content=body, headers=headers)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[7]["userErrors"][0]["code"] == "REJECTED"
    assert lines[-1]["counts"] == {"CREATED": 1_199, "FAILED": 1}
    assert [len(writes.rows) for plugin, writes in validator.received if plugin == "fleet"] == [1_000, 200]


async def test_a_dry_run_reports_rejected_rows(tenant: Tenant, validator: RecordingValidator) -> None:
    row = 'match: {externalRef: {system: "erp", id: "1"}}, plate: "X 1"'
    dry = f"fleetCarsBulkUpsert(input: {{rows: [{{{row}}}], dryRun: true}})"
    payload = await write(tenant, dry, "results { status }")
    assert payload["results"] == [{"status": "CONFLICT"}]
    assert validator.rows()


async def test_the_dependents_of_a_purged_record_are_validated(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    answer = await tenant.execute('mutation { accountCreate(input: {name: "Acme"}) { account { id } } }')
    account = answer["data"]["accountCreate"]["account"]["id"]
    car_id = await car(tenant, more=f'account: {{id: "{account}"}}')

    async def keep_cars(context: Context, writes: WriteSet) -> Iterable[RowError]:
        return [RowError(row, ("plate",), "is leased") for row in writes.rows if writes.entity is FleetCar]

    validator.find_errors = keep_cars  # type: ignore[method-assign]
    payload = await write(tenant, f'accountPurge(input: {{id: "{account}"}})', "purged { entity count }")
    error = payload["userErrors"][0]
    assert (error["path"], error["message"]) == (["input", "id"], f"FleetCar {car_id}: is leased")
    assert await plates(tenant) == ["B 1"]


async def test_a_row_that_refers_to_a_rejected_new_record_is_rejected(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    async def reject_parents(context: Context, writes: WriteSet) -> Iterable[RowError]:
        return [RowError(row, ("name",), "no") for row in writes.rows if row.values.get("name") == "Parent"]

    validator.find_errors = reject_parents  # type: ignore[method-assign]
    rows = """
      {match: {externalRef: {system: "erp", id: "1"}}, name: "Child",
       parent: {externalRef: {system: "erp", id: "2"}}},
      {match: {externalRef: {system: "erp", id: "2"}}, name: "Parent"}
    """
    mutation = f"accountsBulkUpsert(input: {{rows: [{rows}], errorPolicy: REJECT_FAILED_ROWS}})"
    payload = await write(tenant, mutation, "results { status userErrors { code } }")
    assert [result["userErrors"][0]["code"] for result in payload["results"]] == ["NOT_FOUND", "REJECTED"]


async def test_a_failing_validator_rolls_back_the_write_and_is_named(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    async def fail(context: Context, writes: WriteSet) -> Iterable[RowError]:
        context.session.add(Account(name="made by a validator"))
        await context.session.flush()
        raise LookupError("no such thing")

    validator.find_errors = fail  # type: ignore[method-assign]
    answer = await tenant.execute('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "PLUGIN_FAILED"
    assert "plugin fleet failed to validate a write of FleetCar" in error["message"]
    assert await plates(tenant) == []
    assert (await tenant.execute("{ accounts { totalCount } }"))["data"]["accounts"]["totalCount"] == 0


async def test_a_validator_cannot_reject_a_row_that_it_did_not_receive(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    async def reject_unknown_row(context: Context, writes: WriteSet) -> Iterable[RowError]:
        return [RowError(RowWrite(uuid.uuid4(), ChangeOperation.CREATE, {}), (), "what?")]

    validator.find_errors = reject_unknown_row  # type: ignore[method-assign]
    answer = await tenant.execute('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    assert answer["errors"][0]["extensions"]["code"] == "PLUGIN_FAILED"


async def test_a_validator_may_raise_a_forbidden_error(tenant: Tenant, validator: RecordingValidator) -> None:
    async def forbid(context: Context, writes: WriteSet) -> Iterable[RowError]:
        raise ForbiddenError("Not on Sundays.")

    validator.find_errors = forbid  # type: ignore[method-assign]
    answer = await tenant.execute('mutation { fleetCarCreate(input: {plate: "B 1"}) { status } }')
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_validator_that_conflicts_with_another_write_is_retried(
    tenant: Tenant, validator: RecordingValidator
) -> None:
    conflicts = [psycopg.errors.DeadlockDetected(), ConflictError("Conflict.")]

    async def raise_conflicts(context: Context, writes: WriteSet) -> Iterable[RowError]:
        if conflicts:
            raise conflicts.pop()
        return []

    validator.find_errors = raise_conflicts  # type: ignore[method-assign]
    assert (await write(tenant, 'fleetCarCreate(input: {plate: "B 1"})'))["status"] == "CREATED"
    assert not conflicts


async def test_validators_of_plugins_that_are_not_enabled_are_not_called(
    tenure: RunningTenure, validator: RecordingValidator
) -> None:
    plain = await tenure.open_tenant(f"plain {uuid.uuid4()}", "admin")
    answer = await plain.execute('mutation { accountCreate(input: {name: "X"}) { status } }')
    assert answer["data"]["accountCreate"]["status"] == "CREATED"
    assert validator.received == []


async def test_validators_add_no_statement_and_stored_records_add_one_for_all(
    tenure: RunningTenure, tenant: Tenant, validator: RecordingValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def count_statement(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        if not any(name in str(query) for name in ("set_config", "pg_notify")):
            executed.append(str(query))
        return await execute(cursor, query, *args, **options)

    async def read(context: Context, writes: WriteSet) -> Iterable[RowError]:
        assert len(await writes.read_stored()) == 3
        return await writes.read_stored() and []

    async def count(writer: Tenant, employees: int) -> int:
        rows = ", ".join(
            f'{{match: {{externalRef: {{system: "erp", id: "{n}"}}}}, name: "{n}", employees: {employees}}}'
            for n in range(3)
        )
        executed.clear()
        await write(writer, f"accountsBulkUpsert(input: {{rows: [{rows}]}})", "results { status }")
        return len(executed)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", count_statement)
    plain = await tenure.open_tenant(f"plain {uuid.uuid4()}", "admin")
    for warmed_up in (plain, tenant):
        await count(warmed_up, 1)
    without, with_validators = await count(plain, 2), await count(tenant, 2)
    assert validator.rows("guard")
    validator.find_errors = read  # type: ignore[method-assign]
    assert (with_validators, await count(tenant, 3)) == (without, without + 1)
