"""Unique fields: at most one undeleted record of a tenant has a value, and rows can be matched by it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.entity_writer import Writer, codes, statuses
from tests.support.machine_entity import machine_catalog

from tenure_core.entities.declaration import Composite, Mapped, column
from tenure_core.errors import DeclarationError

DUPLICATE = [("DUPLICATE", ("serialNumber",))]


@pytest.fixture
def machines(machine_url, database, actor) -> Writer:
    return Writer(database, machine_catalog(), actor, "Machine")


def row(value: object, field: str = "serialNumber", **values: Any) -> dict[str, Any]:
    return {"match": {"uniqueKey": {field: value}}, **values}


async def test_a_value_is_unique_in_a_call_and_in_a_tenant(machines: Writer, other_actor) -> None:
    first, second = await machines.create({"serialNumber": "A"}, {"serialNumber": "A"})
    assert first.status == "CREATED"
    assert codes(second) == DUPLICATE
    (third,) = await machines.create({"serialNumber": "A"})
    assert codes(third) == DUPLICATE
    other_tenant = Writer(machines.database, machines.catalog, other_actor, "Machine")
    assert statuses(await other_tenant.create({"serialNumber": "A"})) == ["CREATED"]


async def test_an_update_to_the_value_of_another_record_is_rejected(machines: Writer) -> None:
    a, b = await machines.create({"serialNumber": "A"}, {"serialNumber": "B"})
    (rejected,) = await machines.update({"id": b.id, "serialNumber": "A"})
    assert codes(rejected) == DUPLICATE
    assert statuses(await machines.update({"id": a.id, "serialNumber": "A", "name": "x"})) == ["UPDATED"]
    assert statuses(await machines.update({"id": b.id, "serialNumber": "C"})) == ["UPDATED"]


async def test_null_is_not_a_duplicate(machines: Writer) -> None:
    results = await machines.create({"serialNumber": "A", "number": None}, {"serialNumber": "B"})
    assert statuses(results) == ["CREATED", "CREATED"]


async def test_a_deleted_record_frees_its_value_and_is_not_restored_to_a_used_one(machines: Writer) -> None:
    (a,) = await machines.create({"serialNumber": "A"})
    await machines.delete(a.id)
    (b,) = await machines.create({"serialNumber": "A"})
    assert b.status == "CREATED"
    (rejected,) = await machines.restore(a.id)
    assert codes(rejected) == DUPLICATE
    await machines.delete(b.id)
    assert statuses(await machines.restore(a.id)) == ["RESTORED"]


async def test_a_row_can_be_matched_by_a_unique_value(machines: Writer) -> None:
    (a,) = await machines.send(row("A", name="x"))
    assert (a.status, a.key) == ("CREATED", "A")
    assert statuses(await machines.send(row("A", name="x"), row("B"))) == ["NOOP", "CREATED"]
    assert statuses(await machines.send(row("A", serialNumber="C"))) == ["UPDATED"]
    assert statuses(await machines.send(row("A"))) == ["CREATED"]
    assert await machines.read("serial_number, name") == [("A", None), ("B", None), ("C", "x")]


async def test_an_upsert_restores_the_record_deleted_last(machines: Writer) -> None:
    for _ in range(2):
        (last,) = await machines.create({"serialNumber": "A"})
        await machines.delete(last.id)
    (restored,) = await machines.send(row("A", name="x"))
    assert (restored.status, restored.id) == ("RESTORED", last.id)


async def test_rows_can_be_matched_by_unique_numbers_but_not_by_other_fields(machines: Writer) -> None:
    (a,) = await machines.create({"serialNumber": "A", "number": 7})
    (matched,) = await machines.send(row(7, "number", name="x"))
    assert (matched.status, matched.id) == ("UPDATED", a.id)
    (incomplete,) = await machines.send(row(8, "number"))
    assert codes(incomplete) == [("REQUIRED", ("serialNumber",))]
    for field, value in (("name", "x"), ("number", "seven"), ("number", None)):
        (invalid,) = await machines.send(row(value, field))
        assert codes(invalid)[0][1] == ("match", "uniqueKey")
    repeated = await machines.send(row("A"), row("A"))
    assert codes(repeated[1]) == [("DUPLICATE_KEY", ("match", "uniqueKey", "serialNumber"))]


async def test_replace_keeps_the_value_that_the_row_is_matched_by(machines: Writer) -> None:
    await machines.create({"serialNumber": "A", "number": 1, "name": "Lathe"})
    [by_serial] = await machines.send(row("A", onConflict="REPLACE", number=1))
    [by_number] = await machines.send(row(1, "number", onConflict="REPLACE", serialNumber="A", name="Mill"))
    assert (by_serial.errors, by_number.errors) == ((), ())
    assert await machines.read("serial_number, number, name") == [("A", 1, "Mill")]


async def test_concurrent_writers_of_a_value_create_one_record(machines: Writer) -> None:
    rows = [row(f"{number}", name="x") for number in range(50)]
    results = await asyncio.gather(*(machines.send(*rows[:: 1 - 2 * (n % 2)]) for n in range(6)))
    assert {result.status for call in results for result in call} == {"CREATED", "NOOP"}
    assert len(await machines.read("id")) == 50


async def test_the_creation_of_a_machine_is_captured(machines: Writer) -> None:
    (account,) = await machines.on("Account").upsert(("1", {"name": "Acme"}))
    await machines.create({"serialNumber": "A", "account": {"externalRef": {"system": "erp", "id": "1"}}})
    assert len(await machines.read("seq", "entity = 'Machine'", table="change")) == 1
    assert account.id


def test_a_part_of_a_composite_cannot_be_unique() -> None:
    with pytest.raises(DeclarationError, match="Use this option for whole fields"):

        class Pair(Composite):
            """Two values."""

            one: Mapped[str] = column(unique=True)
