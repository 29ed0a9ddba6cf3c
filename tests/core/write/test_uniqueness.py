"""Unique fields: no two living records of a tenant have one value, and a record can be meant by it."""

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


async def test_a_value_is_taken_once_in_a_call_and_in_a_tenant(machines: Writer, other_actor) -> None:
    first, second = await machines.create({"serialNumber": "A"}, {"serialNumber": "A"})
    assert first.status == "CREATED"
    assert codes(second) == DUPLICATE
    (third,) = await machines.create({"serialNumber": "A"})
    assert codes(third) == DUPLICATE
    stranger = Writer(machines.database, machines.catalog, other_actor, "Machine")
    assert statuses(await stranger.create({"serialNumber": "A"})) == ["CREATED"]


async def test_a_change_must_not_take_anothers_value(machines: Writer) -> None:
    a, b = await machines.create({"serialNumber": "A"}, {"serialNumber": "B"})
    (taken,) = await machines.update({"id": b.id, "serialNumber": "A"})
    assert codes(taken) == DUPLICATE
    assert statuses(await machines.update({"id": a.id, "serialNumber": "A", "name": "x"})) == ["UPDATED"]
    assert statuses(await machines.update({"id": b.id, "serialNumber": "C"})) == ["UPDATED"]


async def test_empty_values_are_nobodys(machines: Writer) -> None:
    results = await machines.create({"serialNumber": "A", "number": None}, {"serialNumber": "B"})
    assert statuses(results) == ["CREATED", "CREATED"]


async def test_a_deleted_record_frees_its_value_and_may_not_return_to_a_taken_one(machines: Writer) -> None:
    (a,) = await machines.create({"serialNumber": "A"})
    await machines.delete(a.id)
    (b,) = await machines.create({"serialNumber": "A"})
    assert b.status == "CREATED"
    (refused,) = await machines.restore(a.id)
    assert codes(refused) == DUPLICATE
    await machines.delete(b.id)
    assert statuses(await machines.restore(a.id)) == ["RESTORED"]


async def test_an_upsert_means_a_record_by_its_unique_value(machines: Writer) -> None:
    (a,) = await machines.send(row("A", name="x"))
    assert (a.status, a.key) == ("CREATED", "A")
    assert statuses(await machines.send(row("A", name="x"), row("B"))) == ["NOOP", "CREATED"]
    assert statuses(await machines.send(row("A", serialNumber="C"))) == ["UPDATED"]
    assert statuses(await machines.send(row("A"))) == ["CREATED"]
    assert await machines.read("serial_number, name") == [("A", None), ("B", None), ("C", "x")]


async def test_an_upsert_restores_the_record_that_was_deleted_last(machines: Writer) -> None:
    for _ in range(2):
        (last,) = await machines.create({"serialNumber": "A"})
        await machines.delete(last.id)
    (restored,) = await machines.send(row("A", name="x"))
    assert (restored.status, restored.id) == ("RESTORED", last.id)


async def test_numbers_name_records_too_and_other_fields_do_not(machines: Writer) -> None:
    (a,) = await machines.create({"serialNumber": "A", "number": 7})
    (found,) = await machines.send(row(7, "number", name="x"))
    assert (found.status, found.id) == ("UPDATED", a.id)
    (lacking,) = await machines.send(row(8, "number"))
    assert codes(lacking) == [("REQUIRED", ("serialNumber",))]
    for field, value in (("name", "x"), ("number", "seven"), ("number", None)):
        (wrong,) = await machines.send(row(value, field))
        assert codes(wrong)[0][1] == ("match", "uniqueKey")
    twice = await machines.send(row("A"), row("A"))
    assert codes(twice[1]) == [("DUPLICATE_KEY", ("match", "uniqueKey", "serialNumber"))]


async def test_a_replaced_record_keeps_the_value_that_it_is_meant_by(machines: Writer) -> None:
    await machines.create({"serialNumber": "A", "number": 1, "name": "Lathe"})
    [by_serial] = await machines.send(row("A", onConflict="REPLACE", number=1))
    [by_number] = await machines.send(row(1, "number", onConflict="REPLACE", serialNumber="A", name="Mill"))
    assert (by_serial.errors, by_number.errors) == ((), ())
    assert await machines.read("serial_number, number, name") == [("A", 1, "Mill")]


async def test_writers_that_race_for_a_value_leave_one_record(machines: Writer) -> None:
    rows = [row(f"{number}", name="x") for number in range(50)]
    results = await asyncio.gather(*(machines.send(*rows[:: 1 - 2 * (n % 2)]) for n in range(6)))
    assert {result.status for one in results for result in one} == {"CREATED", "NOOP"}
    assert len(await machines.read("id")) == 50


async def test_a_machine_goes_with_its_account_and_leaves_a_history(machines: Writer) -> None:
    (account,) = await machines.on("Account").upsert(("1", {"name": "Acme"}))
    await machines.create({"serialNumber": "A", "account": {"externalRef": {"system": "erp", "id": "1"}}})
    assert len(await machines.read("seq", "entity = 'Machine'", table="change")) == 1
    assert account.id


def test_a_part_of_a_value_cannot_be_unique() -> None:
    with pytest.raises(DeclarationError, match="unique part"):

        class Pair(Composite):
            """Two values."""

            one: Mapped[str] = column(unique=True)
