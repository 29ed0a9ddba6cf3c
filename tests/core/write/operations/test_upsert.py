"""Upsert: matching, conflict modes, versions, keys, and any history compared with an in-memory model."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.entity_writer import Writer, codes, matched, statuses

from tenure_core.access.identity import Actor
from tenure_core.write.rows.match_key import OnConflict

STATE = "name, industry, employees, version, deleted_at IS NOT NULL"


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


def row(key: str, system: str = "erp", **values: Any) -> dict[str, Any]:
    return matched(system, key, values)


async def test_a_row_can_be_matched_by_id(accounts: Writer) -> None:
    (a,) = await accounts.create({"name": "a"})
    (changed,) = await accounts.send({"match": {"id": str(a.id)}, "name": "b"})
    assert (changed.status, changed.id, changed.key) == ("UPDATED", a.id, str(a.id))
    (missing,) = await accounts.send({"match": {"id": str(uuid.uuid4())}, "name": "b"})
    assert codes(missing) == [("NOT_FOUND", ("match", "id"))]


async def test_a_second_row_for_the_same_record_is_rejected(accounts: Writer) -> None:
    (a,) = await accounts.send(row("a", name="a"))
    first, second = await accounts.send(row("a", name="x"), {"match": {"id": str(a.id)}, "name": "y"})
    assert first.status == "UPDATED"
    assert codes(second) == [("DUPLICATE_KEY", ("match", "id"))]


async def test_unchanged_rows_do_not_wait_for_locks(accounts: Writer, database, actor: Actor) -> None:
    rows = [row(key, name=key) for key in "ab"]
    await accounts.send(*rows)
    async with database.write_transaction(actor.tenant_id, "other", "other") as other:
        await other.execute("SELECT FROM account WHERE tenant_id = %s FOR UPDATE", (actor.tenant_id,))
        assert statuses(await asyncio.wait_for(accounts.send(*rows), 2)) == ["NOOP", "NOOP"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(accounts.send(row("a", name="x")), 0.5)


async def test_replace_clears_unset_fields_and_skip_changes_nothing(accounts: Writer) -> None:
    full = {"name": "a", "industry": "x", "employees": 5, "tags": ["t"], "lifecycleStage": "CUSTOMER"}
    await accounts.send(row("a", **full))
    (skipped,) = await accounts.send(row("a", name="b"), on_conflict=OnConflict.SKIP)
    assert skipped.status == "NOOP"
    (replaced,) = await accounts.send(row("a", name="b", onConflict="REPLACE"))
    assert replaced.status == "UPDATED"
    stored = await accounts.read("name, industry, employees, tags, lifecycle_stage")
    assert stored == [("b", None, None, [], "LEAD")]
    (bare,) = await accounts.send(row("a", onConflict="REPLACE"))
    assert codes(bare) == [("REQUIRED", ("name",))]


async def test_skip_creates_missing_records_and_does_not_restore_deleted_ones(accounts: Writer) -> None:
    (a,) = await accounts.send(row("a", name="a"), on_conflict=OnConflict.SKIP)
    assert a.status == "CREATED"
    await accounts.delete(a.id)
    assert statuses(await accounts.send(row("a", name="b", onConflict="SKIP"))) == ["NOOP"]
    assert await accounts.read(STATE) == [("a", None, None, 2, True)]


async def test_a_stale_expected_version_is_rejected_with_the_record(accounts: Writer) -> None:
    (a,) = await accounts.send(row("a", name="a", expectedVersion=0))
    assert a.status == "CREATED"
    (stale,) = await accounts.send(row("a", name="b", expectedVersion=0))
    assert [(e.code, e.path) for e in stale.errors] == [("STALE_VERSION", ("expectedVersion",))]
    assert (stale.status, stale.id) == ("FAILED", a.id)
    assert statuses(await accounts.send(row("a", name="b", expectedVersion=1))) == ["UPDATED"]
    (unknown,) = await accounts.send(row("new", name="b", expectedVersion=1))
    assert codes(unknown) == [("STALE_VERSION", ("expectedVersion",))]
    for act in (accounts.update, accounts.delete_rows, accounts.restore_rows):
        (rejected,) = await act({"id": a.id, "expectedVersion": 1})
        assert (rejected.errors[0].code, rejected.id) == ("STALE_VERSION", a.id)
    assert statuses(await accounts.delete_rows({"id": a.id, "expectedVersion": 2})) == ["DELETED"]


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("9", "10", "UPDATED"),
        ("10", "9", "STALE_SOURCE"),
        ("10", "10.0", "UPDATED"),
        ("2026-01-01T00:00:00+02:00", "2025-12-31T22:00:00Z", "UPDATED"),
        ("2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "STALE_SOURCE"),
        ("2026-01-01", "2026-01-02T00:00:00", "UPDATED"),
        ("2026-01-01", "7", "INVALID"),
        ("7", "2026-01-01", "INVALID"),
        ("7", 8, "UPDATED"),
    ],
)
async def test_an_older_source_version_is_rejected(
    accounts: Writer, before: str, after: object, status: str
) -> None:
    (a,) = await accounts.send(row("a", name="a", sourceVersion=before))
    (result,) = await accounts.send(row("a", name="b", sourceVersion=after))
    if status == "UPDATED":
        assert result.status == status
    else:
        assert [(e.code, e.path) for e in result.errors] == [(status, ("sourceVersion",))]
        assert await accounts.read("source_version", table="external_ref") == [(before,)]
        assert result.id == (a.id if status == "STALE_SOURCE" else None)


async def test_source_versions_are_compared_per_system_over_all_its_keys(accounts: Writer) -> None:
    await accounts.send(
        row(
            "a",
            name="a",
            sourceVersion="5",
            externalRefs=[{"system": "crm", "id": "1"}, {"system": "erp", "id": "b"}],
        )
    )
    assert statuses(await accounts.send(row("1", "crm", name="b", sourceVersion="1"))) == ["UPDATED"]
    (stale,) = await accounts.send(row("b", name="c", sourceVersion="4"))
    assert stale.errors[0].code == "STALE_SOURCE"
    assert statuses(await accounts.send(row("b", name="c"))) == ["UPDATED"]


async def test_a_newer_source_version_is_stored_for_an_unchanged_record(accounts: Writer) -> None:
    await accounts.send(row("a", name="a", sourceVersion="1"))
    before = await accounts.changes()
    assert statuses(await accounts.send(row("a", name="a", sourceVersion="2"))) == ["NOOP"]
    assert await accounts.changes() == before
    assert await accounts.read("source_version", table="external_ref") == [("2",)]


async def test_the_sync_time_changes_only_with_a_write(accounts: Writer) -> None:
    async def synced() -> list[tuple[Any, ...]]:
        return await accounts.read("synced_at", table="external_ref")

    await accounts.send(row("a", name="a", sourceVersion="1", url="https://erp.example/a"))
    first = await synced()
    await accounts.send(row("a", name="a", sourceVersion="1", url="https://erp.example/a"))
    assert await synced() == first
    await accounts.send(row("a", name="b"))
    assert await synced() > first


async def test_a_skipped_record_gets_no_keys(accounts: Writer) -> None:
    await accounts.send(row("a", name="a"))
    link = [{"system": "crm", "id": "1"}]
    skipped = row("a", onConflict="SKIP", externalRefs=link)
    created = row("b", name="b", onConflict="SKIP", externalRefs=link)
    assert statuses(await accounts.send(skipped, created)) == ["NOOP", "CREATED"]
    assert statuses(await accounts.send(skipped)) == ["NOOP"]
    assert statuses(await accounts.send(row("1", "crm", name="B"))) == ["UPDATED"]
    assert sorted(await accounts.read("name")) == [("B",), ("a",)]


async def test_keys_are_added_once_and_never_moved_to_another_record(accounts: Writer) -> None:
    a, _ = await accounts.send(row("a", name="a"), row("b", name="b"))
    link = [{"system": "crm", "id": "1"}]
    assert statuses(await accounts.send(row("a", externalRefs=link))) == ["UPDATED"]
    assert statuses(await accounts.send(row("a", externalRefs=link))) == ["NOOP"]
    (rejected,) = await accounts.send(
        row("b", name="B", externalRefs=[{"system": "erp", "id": "free"}, *link])
    )
    assert codes(rejected) == [("DUPLICATE_KEY", ("externalRefs", 1))]
    assert statuses(await accounts.send(row("1", "crm", name="A"))) == ["UPDATED"]
    keys = await accounts.read(
        "system, external_id, record_id = (SELECT id FROM account WHERE name = 'A')", table="external_ref"
    )
    assert keys == [("crm", "1", True), ("erp", "a", True), ("erp", "b", False)]
    assert a.id is not None


async def test_the_change_feed_contains_parents_before_children_for_any_row_order(
    accounts: Writer,
) -> None:
    def child(key: str, parent: str) -> dict[str, Any]:
        return row(key, name=key, parent={"externalRef": {"system": "erp", "id": parent}})

    sent = [child("d", "b"), child("c", "b"), child("b", "a"), row("x", name="x"), row("a", name="a")]
    results = await accounts.send(*sent)
    assert [result.key for result in results] == ["d", "c", "b", "x", "a"]
    rows = await accounts.select("SELECT after ->> 'name' FROM change ORDER BY seq")
    order = "".join(name for (name,) in rows)
    assert sorted(order) == list("abcdx")
    assert order.index("a") < order.index("b") < min(order.index("c"), order.index("d"))


async def test_a_row_can_refer_to_a_record_that_the_call_restores(accounts: Writer) -> None:
    (a,) = await accounts.send(row("a", name="a"))
    await accounts.delete(a.id)
    child = row("b", name="b", parent={"externalRef": {"system": "erp", "id": "a"}})
    assert statuses(await accounts.send(child, row("a"))) == ["CREATED", "RESTORED"]


async def test_a_dry_run_writes_nothing(accounts: Writer) -> None:
    await accounts.send(row("a", name="a"))
    before = await accounts.changes(), await accounts.read("external_id", table="external_ref")
    results = await accounts.send(row("a", name="b"), row("c", name="c"), dry_run=True)
    assert statuses(results) == ["WOULD_UPDATE", "WOULD_CREATE"]
    assert (await accounts.changes(), await accounts.read("external_id", table="external_ref")) == before
    assert await accounts.read(STATE) == [("a", None, None, 1, False)]


async def test_eight_concurrent_writers_of_the_same_keys_do_not_deadlock(
    accounts: Writer, database, catalog
) -> None:
    async def writer(number: int) -> set[str]:
        dice, seen = random.Random(number), set()
        actor = Actor(accounts.actor.tenant_id, uuid.uuid4(), accounts.actor.role, f"system {number % 2}")
        own = Writer(database, catalog, actor)
        for _ in range(12):
            keys = dice.sample(range(60), 25)
            rows = [row(f"{key}", name=f"{dice.randrange(3)}", parent=_parent(dice, key)) for key in keys]
            seen |= {result.status for result in await own.send(*rows)}
        return seen

    statuses_seen = set().union(*await asyncio.gather(*(writer(number) for number in range(8))))
    assert statuses_seen <= {"CREATED", "UPDATED", "NOOP", "FAILED"}
    versions = await accounts.select(
        "SELECT record_id, array_agg(version ORDER BY seq) FROM change GROUP BY record_id"
    )
    assert all(numbers == list(range(1, len(numbers) + 1)) for _, numbers in versions)
    assert len(await accounts.read("external_id", table="external_ref")) == len(versions)


def _parent(dice: random.Random, key: int) -> dict[str, Any] | None:
    above = dice.randrange(60)
    return {"externalRef": {"system": "erp", "id": f"{above}"}} if above < key else None


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from("AB"),
        "industry": st.sampled_from([None, "x"]),
        "employees": st.sampled_from([None, 0, 5]),
    },
)
OPTIONS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"sourceVersion": st.sampled_from("123")}),
    st.fixed_dictionaries({"onConflict": st.sampled_from(list(OnConflict))}),
    st.fixed_dictionaries({"expectedVersion": st.integers(0, 3), "sourceVersion": st.sampled_from("123")}),
)
SYSTEMS = st.sampled_from(["erp", "crm"])
STEPS = st.lists(
    st.tuples(
        st.just("upsert"),
        SYSTEMS,
        st.dictionaries(st.sampled_from("xy"), st.tuples(FIELDS, OPTIONS), max_size=2),
    )
    | st.tuples(st.just("link"), SYSTEMS, st.tuples(st.sampled_from("xy"), st.sampled_from("xy")))
    | st.tuples(st.sampled_from(["delete", "restore"]), SYSTEMS, st.sampled_from("xy")),
    max_size=10,
)
EMPTY = {"name": None, "industry": None, "employees": None}


class Model:
    """An in-memory model of upserts, deletes and restores by two systems."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.keys: dict[tuple[str, str], int] = {}
        self.sources: dict[tuple[str, str], str] = {}

    def upsert(self, system: str, rows: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> list[str]:
        seen: set[int] = set()
        return [self._upsert((system, key), *row, seen) for key, row in rows.items()]

    def _upsert(
        self, key: tuple[str, str], fields: dict[str, Any], options: dict[str, Any], seen: set[int]
    ) -> str:
        at = self.keys.get(key)
        if at is not None and (at in seen or seen.add(at)):
            return "FAILED"
        record = None if at is None else self.records[at]
        expected, mode = options.get("expectedVersion"), options.get("onConflict", "MERGE")
        if expected is not None and expected != (record["version"] if record else 0):
            return "FAILED"
        if record and mode == "SKIP":
            return "NOOP"
        if (record is None or mode == "REPLACE") and "name" not in fields:
            return "FAILED"
        source = options.get("sourceVersion")
        if source and any(
            self.keys[k] == at and k[0] == key[0] and v > source for k, v in self.sources.items()
        ):
            return "FAILED"
        if source:
            self.sources[key] = source
        if record is None:
            self.keys[key] = len(self.records)
            self.records.append({**EMPTY, **fields, "version": 1, "deleted": False})
            return "CREATED"
        return self._write(record, {**(EMPTY if mode == "REPLACE" else {}), **fields, "deleted": False})

    def _write(self, record: dict[str, Any], values: dict[str, Any]) -> str:
        if values.items() <= record.items():
            return "NOOP"
        status = "RESTORED" if record["deleted"] else "UPDATED"
        record.update(values, version=record["version"] + 1)
        return status

    def link(self, system: str, keys: tuple[str, str]) -> list[str]:
        own, other = (system, keys[0]), ("crm" if system == "erp" else "erp", keys[1])
        at = self.keys.get(own)
        if at is None or self.keys.get(other, at) != at:
            return ["FAILED"]
        status = self._write(self.records[at], {"deleted": False})
        is_new = other not in self.keys
        self.keys[other] = at
        return ["UPDATED" if is_new and status == "NOOP" else status]

    def set_deleted(self, act: str, system: str, key: str) -> list[str]:
        at, deleted = self.keys.get((system, key)), act == "delete"
        if at is None:
            return ["FAILED"]
        status = self._write(self.records[at], {"deleted": deleted})
        return [status if status == "NOOP" else "DELETED" if deleted else "RESTORED"]


async def stored_state(accounts: Writer) -> tuple[Any, Any]:
    table = "account JOIN external_ref r ON r.record_id = account.id"
    rows = await accounts.read(f"system, external_id, {STATE}, account.id, source_version", table=table)
    keys = {(row[0], row[1]): (*row[2:7], sorted(r[:2] for r in rows if r[7] == row[7])) for row in rows}
    return keys, {(row[0], row[1]): row[8] for row in rows if row[8]}


def model_state(model: Model) -> tuple[Any, Any]:
    def state(at: int) -> tuple[Any, ...]:
        record = model.records[at]
        same = sorted(key for key, other in model.keys.items() if other == at)
        return (*(record[n] for n in ("name", "industry", "employees", "version", "deleted")), same)

    return {key: state(at) for key, at in model.keys.items()}, model.sources


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_history_of_two_systems_has_the_result_of_an_in_memory_model(
    accounts: Writer, new_actor, steps
) -> None:
    model, own = Model(), Writer(accounts.database, accounts.catalog, new_actor())
    ids: dict[tuple[str, str], Any] = {}
    for act, system, argument in steps:
        if act == "upsert":
            rows = [row(key, system, **fields, **options) for key, (fields, options) in argument.items()]
            results, expected = await own.send(*rows), model.upsert(system, argument)
            ids |= {(system, key): r.id for key, r in zip(argument, results, strict=True) if r.id}
        elif act == "link":
            other = {"system": "crm" if system == "erp" else "erp", "id": argument[1]}
            results, expected = (
                await own.send(row(argument[0], system, externalRefs=[other])),
                model.link(system, argument),
            )
            ids[other["system"], other["id"]] = results[0].id or ids.get((other["system"], other["id"]))
        else:
            results = await getattr(own, act)(ids.get((system, argument)) or uuid.uuid4())
            expected = model.set_deleted(act, system, argument)
        assert statuses(results) == expected
    assert await stored_state(own) == model_state(model)
