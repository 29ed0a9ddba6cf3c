"""Each write operation runs exactly the steps of its list, and each result contains a row position."""

from __future__ import annotations

import inspect
import uuid
from typing import Any

import pytest
from tests.support.entity_writer import Writer, matched

from tenure_core.write.operations import crud, upsert
from tenure_core.write.pipeline import run_steps
from tenure_core.write.rows.pending_row import PendingRow

STEP_LISTS = [
    (crud, "CREATE_STEPS"),
    (crud, "UPDATE_STEPS"),
    (crud, "DELETE_STEPS"),
    (crud, "RESTORE_STEPS"),
    (upsert, "CHECK_STEPS"),
    (upsert, "STORE_STEPS"),
]


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


async def run_every_operation(accounts: Writer) -> list[str]:
    """Run each operation on one row, and return the statuses."""
    [created] = await accounts.create({"name": "a"})
    return [
        created.status,
        *[result.status for result in await accounts.update({"id": created.id, "name": "b"})],
        *[result.status for result in await accounts.delete(created.id)],
        *[result.status for result in await accounts.restore(created.id)],
        *[result.status for result in await accounts.upsert(("1", {"name": "c"}))],
    ]


@pytest.mark.parametrize(("module", "name"), STEP_LISTS)
def test_each_step_is_a_documented_coroutine_function(module: Any, name: str) -> None:
    steps = getattr(module, name)
    assert len(set(steps)) == len(steps) > 0
    assert [step for step in steps if not (inspect.iscoroutinefunction(step) and step.__doc__)] == []


async def test_steps_receive_the_rows_that_the_previous_step_returned() -> None:
    received: list[list[int]] = []

    async def drop_first(_: Any, rows: list[PendingRow]) -> list[PendingRow]:
        received.append([row.index for row in rows])
        return rows[1:]

    context: Any = None
    rows = await run_steps(context, [PendingRow(index) for index in range(3)], [drop_first, drop_first])
    assert received == [[0, 1, 2], [1, 2]]
    assert [row.index for row in rows] == [2]


@pytest.mark.parametrize(("module", "name"), STEP_LISTS)
async def test_an_operation_runs_the_steps_of_its_list_in_order(
    accounts: Writer, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    ran = []

    def record(step: Any) -> Any:
        async def run(context: Any, rows: Any) -> Any:
            ran.append(step)
            return await step(context, rows)

        return run

    steps = getattr(module, name)
    monkeypatch.setattr(module, name, tuple(map(record, steps)))
    assert await run_every_operation(accounts) == ["CREATED", "UPDATED", "DELETED", "RESTORED", "CREATED"]
    assert ran == list(steps)


async def test_an_operation_without_steps_writes_nothing(
    accounts: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in STEP_LISTS:
        monkeypatch.setattr(module, name, ())
    assert await run_every_operation(accounts) == ["FAILED"] * 5
    assert await accounts.read("id") == []
    assert await accounts.changes() == 0


async def test_each_result_contains_the_position_of_its_row(accounts: Writer) -> None:
    [first, second] = await accounts.create({"name": "a"}, {"name": "b"})
    missing = uuid.uuid4()
    for results in (
        await accounts.create({"name": None}, {"name": "c"}, {}),
        await accounts.update({"id": missing, "name": "x"}, {"id": first.id, "name": "a"}, {"id": "17"}),
        await accounts.delete(missing, second.id, second.id),
        await accounts.restore(missing, second.id, first.id),
        await accounts.send(5, matched("erp", "1", {"name": "d"}), matched("erp", "2", {"tier": None})),
        await accounts.send({}, matched("erp", "1", {"name": "d"}), {"match": {"id": missing}}, dry_run=True),
    ):
        assert [result.index for result in results] == [0, 1, 2]
        assert {result.is_rejected for result in results} == {True, False}
