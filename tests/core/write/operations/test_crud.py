"""Create, update, delete, restore and upsert: the result of each row, statements, and stored records."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.entity_writer import Writer, codes, statuses

UNKNOWN_ID = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


FULL = {
    "name": "Acme",
    "kind": "PERSON",
    "lifecycleStage": "AT_RISK",
    "industry": "Tools",
    "tier": "gold",
    "website": "https://example.com",
    "phone": "+442079460958",
    "email": "a@example.com",
    "address": {"street": "1 High St", "city": "Leeds", "region": "", "postalCode": "LS1", "country": "GB"},
    "annualRevenue": {"minorUnits": 2**53 - 1, "currency": "GBP"},
    "employees": 7,
    "owner": "张三",
    "tags": ["a, b", '"{}\\', "c"],
    "attributes": {"a": [1, {"b": "'; DROP TABLE account; --"}], "π": 3.25, "t": True, "n": None},
}


async def test_a_record_is_stored_as_it_was_sent(accounts: Writer) -> None:
    (result,) = await accounts.create(FULL)
    assert result.status == "CREATED"
    ((*stored,),) = await accounts.read(
        "name, kind, lifecycle_stage, industry, tier, website, phone, email, address_street, address_region, "
        "annual_revenue_minor_units, annual_revenue_currency, employees, owner, tags, attributes, id, "
        "version, deleted_at"
    )
    assert stored == [
        *(
            FULL[n]
            for n in ("name", "kind", "lifecycleStage", "industry", "tier", "website", "phone", "email")
        ),
        "1 High St",
        "",
        2**53 - 1,
        "GBP",
        *(FULL[n] for n in ("employees", "owner", "tags", "attributes")),
        result.id,
        1,
        None,
    ]


async def test_ids_follow_the_order_of_the_rows(accounts: Writer) -> None:
    results = await accounts.create(*({"name": f"A{n}"} for n in range(500)))
    ids = [r.id for r in results]
    assert ids == sorted(ids, key=str)
    assert [name for _, name in await accounts.read("id, name")] == [f"A{n}" for n in range(500)]


async def test_valid_rows_are_written_and_invalid_rows_rejected(accounts: Writer) -> None:
    results = await accounts.create(
        {"name": "a"}, {"name": None}, {"name": "c", "employees": -1}, {"name": "d"}
    )
    assert statuses(results) == ["CREATED", "FAILED", "FAILED", "CREATED"]
    assert codes(results[1]) == [("REQUIRED", ("name",))]
    assert await accounts.read("name") == [("a",), ("d",)]


async def test_a_call_may_contain_rows_with_different_fields(accounts: Writer) -> None:
    await accounts.create({"name": "a", "employees": 1}, {"name": "b", "tags": ["x"]}, {"name": "c"})
    assert await accounts.read("name, employees, tags") == [("a", 1, []), ("b", None, ["x"]), ("c", None, [])]


async def test_a_call_without_rows_returns_no_results(accounts: Writer) -> None:
    assert await accounts.create() == []
    assert await accounts.update() == []
    assert await accounts.upsert() == []
    assert await accounts.delete() == []


async def test_references_are_resolved_by_id_and_by_external_key(accounts: Writer) -> None:
    (acme,) = await accounts.upsert(("1", {"name": "Acme"}))
    contacts = accounts.on("Contact")
    results = await contacts.create(
        {"lastName": "a", "account": {"id": str(acme.id)}},
        {"lastName": "b", "account": {"externalRef": {"system": "erp", "id": "1"}}},
        {"lastName": "c", "account": None},
    )
    assert statuses(results) == ["CREATED"] * 3
    assert await contacts.read("last_name, account_id") == [("a", acme.id), ("b", acme.id), ("c", None)]


async def test_an_unresolved_reference_is_rejected_at_its_path(
    accounts: Writer, database, catalog, other_actor
) -> None:
    (deleted,) = await accounts.upsert(("gone", {"name": "Gone"}))
    await accounts.delete(deleted.id)
    (foreign,) = await Writer(database, catalog, other_actor).upsert(("foreign", {"name": "Foreign"}))
    by_id, by_key = [("NOT_FOUND", ("account", "id"))], [("NOT_FOUND", ("account", "externalRef"))]
    results = await accounts.on("Contact").create(
        *({"lastName": "x", "account": {"id": i}} for i in (UNKNOWN_ID, deleted.id, foreign.id)),
        *(
            {"lastName": "x", "account": {"externalRef": {"system": "erp", "id": i}}}
            for i in ("2", "gone", "foreign")
        ),
        {"lastName": "x", "account": {"externalRef": {"system": "other", "id": "gone"}}},
    )
    assert [codes(r) for r in results] == [by_id] * 3 + [by_key] * 4


async def test_an_update_keeps_absent_fields_and_clears_null_fields(accounts: Writer) -> None:
    a, b = await accounts.create(FULL, {"name": "b", "industry": "x"})
    results = await accounts.update(
        {"id": str(a.id), "industry": None, "address": None},
        {"id": b.id, "name": "B", "attributes": {"x": 1}},
    )
    assert statuses(results) == ["UPDATED", "UPDATED"]
    assert [r.id for r in results] == [a.id, b.id]
    rows = await accounts.read("name, industry, address_city, employees, tags, attributes, version")
    assert rows == [
        ("Acme", None, None, 7, FULL["tags"], FULL["attributes"], 2),
        ("B", "x", None, None, [], {"x": 1}, 2),
    ]


async def test_an_update_with_stored_values_writes_nothing(accounts: Writer) -> None:
    long = {"name": "x", "attributes": {"text": "".join(str(uuid.uuid4()) for _ in range(400))}}
    ids = [r.id for r in await accounts.create(FULL, long)]
    before = await accounts.changes()
    assert statuses(await accounts.update({"id": ids[0], **FULL}, {"id": ids[1], **long})) == ["NOOP", "NOOP"]
    assert statuses(await accounts.update({"id": ids[0]})) == ["NOOP"]
    assert await accounts.changes() == before
    assert await accounts.read("version") == [(1,), (1,)]


async def test_a_call_updates_only_undeleted_records_and_each_once(
    accounts: Writer, database, catalog, other_actor
) -> None:
    a, deleted = await accounts.create({"name": "a"}, {"name": "gone"})
    await accounts.delete(deleted.id)
    (foreign,) = await Writer(database, catalog, other_actor).create({"name": "foreign"})
    rows = [{"id": i, "name": "new"} for i in (a.id, UNKNOWN_ID, deleted.id, foreign.id, a.id)]
    first, *rest = await accounts.update(*rows, {"name": "x"}, {"id": "17"})
    assert first.status == "UPDATED"
    assert [codes(r) for r in rest] == [
        *[[("NOT_FOUND", ("id",))]] * 3,
        [("DUPLICATE_KEY", ("id",))],
        [("REQUIRED", ("id",))],
        [("INVALID", ("id",))],
    ]
    assert await accounts.read("name") == [("gone",), ("new",)]


async def test_a_deleted_record_can_be_restored(accounts: Writer) -> None:
    (a,) = await accounts.create({"name": "a"})
    assert statuses(await accounts.delete(str(a.id))) == ["DELETED"]
    assert await accounts.read("name, deleted_at IS NOT NULL, version") == [("a", True, 2)]
    assert statuses(await accounts.delete(a.id)) == ["NOOP"]
    assert statuses(await accounts.restore(a.id)) == ["RESTORED"]
    assert await accounts.read("name, deleted_at, version") == [("a", None, 3)]
    assert statuses(await accounts.restore(a.id)) == ["NOOP"]


async def test_a_missing_record_can_be_neither_deleted_nor_restored(accounts: Writer) -> None:
    (a,) = await accounts.create({"name": "a"})
    for act in (accounts.delete, accounts.restore):
        results = await act(UNKNOWN_ID, "17", a.id, a.id)
        assert codes(results[0]) == [("NOT_FOUND", ("id",))]
        assert codes(results[1]) == [("INVALID", ("id",))]
        assert results[2].status != "FAILED"
        assert codes(results[3]) == [("DUPLICATE_KEY", ("id",))]


async def test_an_account_cannot_be_its_own_ancestor(accounts: Writer) -> None:
    a, b, c, d = await accounts.create(*({"name": n} for n in "abcd"))
    assert (
        statuses(
            await accounts.update({"id": b.id, "parent": {"id": a.id}}, {"id": c.id, "parent": {"id": b.id}})
        )
        == ["UPDATED"] * 2
    )
    cycle = [("INVALID", ("parent",))]
    results = await accounts.update(
        {"id": a.id, "parent": {"id": c.id}, "name": "A"}, {"id": d.id, "parent": {"id": c.id}}
    )
    assert codes(results[0]) == cycle
    assert results[1].status == "UPDATED"
    (cyclic,) = await accounts.update({"id": d.id, "parent": {"id": d.id}})
    assert codes(cyclic) == cycle
    assert [name for name, *_ in await accounts.read("name")] == ["a", "b", "c", "d"]


async def test_one_call_can_reverse_a_hierarchy(accounts: Writer) -> None:
    a, b = await accounts.create({"name": "a"}, {"name": "b"})
    await accounts.update({"id": b.id, "parent": {"id": a.id}})
    reversed_ = await accounts.update({"id": b.id, "parent": None}, {"id": a.id, "parent": {"id": b.id}})
    assert statuses(reversed_) == ["UPDATED", "UPDATED"]
    both = await accounts.update({"id": b.id, "parent": {"id": a.id}}, {"id": a.id, "parent": {"id": b.id}})
    assert [codes(r) for r in both] == [[("INVALID", ("parent",))]] * 2


async def test_concurrent_writers_cannot_create_a_cycle(accounts: Writer) -> None:
    a, b = await accounts.create({"name": "a"}, {"name": "b"})
    pair = await asyncio.gather(
        accounts.update({"id": a.id, "parent": {"id": b.id}}),
        accounts.update({"id": b.id, "parent": {"id": a.id}}),
    )
    assert sorted(r.status for (r,) in pair) == ["FAILED", "UPDATED"]


async def test_upsert_creates_updates_restores_and_skips_unchanged_records(accounts: Writer) -> None:
    a, b, c = await accounts.upsert(*((k, {"name": k, "industry": "x"}) for k in "abc"))
    assert [a.status, b.status, c.status] == ["CREATED"] * 3
    await accounts.delete(c.id)
    results = await accounts.upsert(
        ("c", {"name": "c"}), ("a", {"name": "A"}), ("d", {"name": "d"}), ("b", {"name": "b"})
    )
    assert statuses(results) == ["RESTORED", "UPDATED", "CREATED", "NOOP"]
    assert [r.id for r in results][:2] == [c.id, a.id]
    rows = await accounts.read("name, industry, deleted_at")
    assert rows == [("A", "x", None), ("b", "x", None), ("c", "x", None), ("d", None, None)]


async def test_a_repeated_upsert_writes_nothing(accounts: Writer) -> None:
    rows = [(str(n), {**FULL, "name": str(n)}) for n in range(50)]
    await accounts.upsert(*rows)
    before = await accounts.changes()
    assert set(statuses(await accounts.upsert(*rows))) == {"NOOP"}
    assert await accounts.changes() == before


async def test_a_rejected_upsert_does_not_keep_its_key(accounts: Writer) -> None:
    results = await accounts.upsert(
        ("a", {"name": "a", "parent": {"id": UNKNOWN_ID}}),
        ("b", {"industry": "x"}),
        ("c", {"name": 5}),
        ("d", {"name": "d"}),
    )
    assert [codes(r) for r in results[:3]] == [
        [("NOT_FOUND", ("parent", "id"))],
        [("REQUIRED", ("name",))],
        [("INVALID", ("name",))],
    ]
    assert await accounts.read("external_id", table="external_ref") == [("d",)]
    assert statuses(await accounts.upsert(("a", {"name": "a"}))) == ["CREATED"]


async def test_a_rejected_update_keeps_its_key(accounts: Writer) -> None:
    (a,) = await accounts.upsert(("a", {"name": "a"}))
    (failed,) = await accounts.upsert(("a", {"name": "a", "parent": {"id": UNKNOWN_ID}}))
    assert codes(failed) == [("NOT_FOUND", ("parent", "id"))]
    (cyclic,) = await accounts.upsert(("a", {"parent": {"externalRef": {"system": "erp", "id": "a"}}}))
    assert codes(cyclic) == [("INVALID", ("parent",))]
    (again,) = await accounts.upsert(("a", {"name": "b"}))
    assert (again.status, again.id) == ("UPDATED", a.id)


async def test_a_repeated_or_invalid_key_is_rejected(accounts: Writer) -> None:
    results = await accounts.upsert(
        ("a", {"name": "1"}), ("a", {"name": "2"}), (" ", {"name": "3"}), ("x" * 256, {"name": "4"})
    )
    assert results[0].status == "CREATED"
    path = ("match", "externalRef")
    assert [codes(r) for r in results[1:]] == [
        [("DUPLICATE_KEY", path)],
        [("REQUIRED", path)],
        [("TOO_LONG", path)],
    ]
    assert await accounts.read("name") == [("1",)]


async def test_keys_are_separate_per_system_entity_and_tenant(
    accounts: Writer, database, catalog, other_actor
) -> None:
    ids = {
        (await accounts.upsert(("1", {"name": "a"})))[0].id,
        (await accounts.upsert(("1", {"name": "a"}), system="crm"))[0].id,
        (await accounts.on("Contact").upsert(("1", {"lastName": "a"})))[0].id,
        (await Writer(database, catalog, other_actor).upsert(("1", {"name": "a"})))[0].id,
    }
    assert len(ids) == 4


async def test_concurrent_upserts_of_the_same_keys_create_no_duplicates(
    accounts: Writer,
) -> None:
    for round_ in range(4):
        forwards = [(f"{round_} {n:04}", {"name": "x"}) for n in range(1000)]
        both = await asyncio.gather(*(accounts.upsert(*rows) for rows in (forwards, forwards[::-1]) * 2))
        assert sorted({r.status for results in both for r in results}) == ["CREATED", "NOOP"]
    assert len(await accounts.read("id")) == 4000
    assert len(await accounts.read("record_id", table="external_ref")) == 4000


async def test_changes_record_the_actor_and_origin_of_a_write(accounts: Writer) -> None:
    (a,) = await accounts.upsert(("a", {"name": "a"}))
    await accounts.upsert(("a", {"name": "b"}))
    changes = await accounts.read("seq, operation, record_id, actor, origin", table="change")
    assert [c[1:] for c in changes] == [("CREATE", a.id, "test", "tests"), ("UPDATE", a.id, "test", "tests")]


async def test_a_thousand_rows_take_as_many_statements_as_one(accounts: Writer, monkeypatch) -> None:
    async def count(rows: int) -> list[int]:
        names = [f"{uuid.uuid4()}" for _ in range(rows)]
        counts = []
        for act in (
            lambda: accounts.upsert(*((n, {"name": n}) for n in names)),
            lambda: accounts.upsert(
                *((n, {"name": n, "industry": "x", "parent": {"id": parent.id}}) for n in names)
            ),
            lambda: accounts.on("Contact").create(
                *({"lastName": n, "account": {"externalRef": {"system": "erp", "id": n}}} for n in names)
            ),
        ):
            executed.clear()
            assert {r.status for r in await act()} <= {"CREATED", "UPDATED"}
            counts.append(len(executed))
        return counts

    (parent,) = await accounts.create({"name": "parent"})
    executed: list[object] = []
    execute = psycopg.AsyncCursor.execute

    async def count_statement(cursor, query, *args, **kwargs):
        if not any(word in str(query) for word in ("set_config", "pg_notify")):
            executed.append(query)
        return await execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", count_statement)
    assert await count(1000) == await count(1) == [4, 8, 3]


ROWS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b"]),
        "industry": st.sampled_from([None, "x"]),
        "employees": st.sampled_from([None, 0, 5]),
        "tags": st.sampled_from([[], ["t"]]),
        "attributes": st.sampled_from([{}, {"k": [1, None]}]),
        "annualRevenue": st.sampled_from([None, {"minorUnits": 1, "currency": "EUR"}]),
    },
)
STEPS = st.lists(
    st.tuples(st.just("upsert"), st.dictionaries(st.sampled_from("xyz"), ROWS, max_size=3))
    | st.tuples(st.sampled_from(["delete", "restore"]), st.sampled_from("xyz")),
    max_size=8,
)


DEFAULTS = {"industry": None, "employees": None, "tags": [], "attributes": {}, "annualRevenue": None}


class Model:
    """An in-memory model of upserts, deletes and restores."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.deleted: set[str] = set()

    def upsert(self, key: str, row: dict[str, Any]) -> str:
        if key not in self.records and "name" not in row:
            return "FAILED"
        before = self.records.get(key)
        self.records[key] = {**(before or DEFAULTS), **row}
        if before is None:
            return "CREATED"
        if key in self.deleted:
            self.deleted.remove(key)
            return "RESTORED"
        return "NOOP" if before == self.records[key] else "UPDATED"

    def delete(self, key: str) -> str:
        if key not in self.records:
            return "FAILED"
        status = "NOOP" if key in self.deleted else "DELETED"
        self.deleted.add(key)
        return status

    def restore(self, key: str) -> str:
        if key not in self.records:
            return "FAILED"
        status = "RESTORED" if key in self.deleted else "NOOP"
        self.deleted.discard(key)
        return status


STORED = """
SELECT r.external_id, a.deleted_at IS NOT NULL, a.name, a.industry, a.employees, a.tags, a.attributes,
       a.annual_revenue_minor_units, a.annual_revenue_currency
FROM external_ref r JOIN account a ON a.tenant_id = r.tenant_id AND a.id = r.record_id WHERE r.system = %s
"""


async def stored_state(accounts: Writer, system: str) -> tuple[dict[str, Any], set[str]]:
    async with accounts.database.tenant_connection(accounts.actor.tenant_id) as c:
        rows = await (await c.execute(STORED, (system,))).fetchall()
    records = {
        key: {
            "name": name,
            "industry": industry,
            "employees": employees,
            "tags": tags,
            "attributes": attributes,
            "annualRevenue": {"minorUnits": units, "currency": currency} if currency else None,
        }
        for key, _, name, industry, employees, tags, attributes, units, currency in rows
    }
    return records, {row[0] for row in rows if row[1]}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_history_has_the_result_of_an_in_memory_model(accounts: Writer, steps) -> None:
    model, system, ids = Model(), str(uuid.uuid4()), {}
    for act, argument in steps:
        if act == "upsert":
            results = await accounts.upsert(*argument.items(), system=system)
            expected = [model.upsert(key, row) for key, row in argument.items()]
            ids.update({key: r.id for key, r in zip(argument, results, strict=True) if r.id})
        else:
            results = await getattr(accounts, act)(ids.get(argument, UNKNOWN_ID))
            expected = [getattr(model, act)(argument)]
        assert statuses(results) == expected
    assert await stored_state(accounts, system) == (model.records, model.deleted)
