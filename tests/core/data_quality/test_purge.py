"""Purge: a record is removed with its dependents, and with nothing else."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.support.concurrent_writers import hold_lock, is_free, wait_for_waiting_writer
from tests.support.entity_writer import Writer, codes

from tenure_core.data_quality.purge import PurgeResult, purge
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


async def run_purge(accounts: Writer, **sent: Any) -> PurgeResult:
    return await run_in_transaction(
        accounts.database,
        accounts.actor,
        lambda c: purge(accounts.context(c), accounts.entity, sent),
    )


async def create_hierarchy(accounts: Writer) -> uuid.UUID:
    """Create a parent with two children, a contact, its activity, and an unrelated account."""

    def refer(entity: str, key: str) -> dict[str, Any]:
        return {entity: {"externalRef": {"system": "erp", "id": key}}}

    parent, *_ = await accounts.upsert(
        ("parent", {"name": "parent"}),
        ("child", {"name": "child", **refer("parent", "parent")}),
        ("other", {"name": "other", **refer("parent", "parent")}),
        ("unrelated", {"name": "unrelated"}),
    )
    await accounts.on("Contact").upsert(("c", {"lastName": "c", **refer("account", "child")}))
    activity = {
        "kind": "NOTE",
        "occurredAt": "2026-01-01",
        **refer("contact", "c"),
        **refer("account", "parent"),
    }
    await accounts.on("Activity").create(activity)
    assert parent.id
    return parent.id


COUNTS = {"Account": 3, "Contact": 1, "Activity": 1}


async def test_a_dry_run_counts_the_records_and_removes_nothing(accounts: Writer) -> None:
    preview = await run_purge(accounts, id=str(await create_hierarchy(accounts)), dryRun=True)
    assert (preview.result.status, preview.counts) == ("PURGED", COUNTS)
    assert len(await accounts.read("id")) == 4


async def test_dependents_are_removed_with_the_record(accounts: Writer) -> None:
    removed = await run_purge(accounts, id=str(await create_hierarchy(accounts)))
    assert (removed.result.status, removed.counts) == ("PURGED", COUNTS)
    assert await accounts.read("name") == [("unrelated",)]
    assert await accounts.read("id", table="contact") == []
    assert await accounts.read("id", table="activity") == []
    assert await accounts.read("external_id", table="external_ref") == [("unrelated",)]


async def test_the_change_feed_reports_each_removal_before_those_of_referenced_records(
    accounts: Writer,
) -> None:
    record_id = await create_hierarchy(accounts)
    # The child has a lower id than its parent, so that the order of ids is not the expected order.
    [old] = await accounts.create({"name": "elder"})
    [young] = await accounts.create({"name": "younger", "parent": {"id": str(record_id)}})
    await accounts.update({"id": str(old.id), "parent": {"id": str(young.id)}})
    parents = [
        *await accounts.read("id, parent_id", "parent_id IS NOT NULL"),
        *await accounts.read("id, account_id", table="contact"),
        *await accounts.read("id, contact_id", table="activity"),
    ]
    await run_purge(accounts, id=str(record_id))
    removals = await accounts.read("seq, record_id", "operation = 'PURGE'", table="change")
    position = {record: index for index, (_, record) in enumerate(removals)}
    assert len(parents) == 6
    assert all(position[child] < position[parent] for child, parent in parents)


async def test_a_deleted_record_can_be_purged_and_its_history_is_kept(accounts: Writer) -> None:
    (a,) = await accounts.upsert(("a", {"name": "a"}))
    await accounts.delete(a.id)
    await run_purge(accounts, id=a.id)
    (created,) = await accounts.upsert(("a", {"name": "again"}))
    assert (created.status, created.id == a.id) == ("CREATED", False)
    before = await accounts.read("seq", f"record_id = '{a.id}'", table="change")
    assert len(before) == 3


async def test_a_purge_with_other_counts_than_expected_is_rejected(accounts: Writer) -> None:
    record_id = await create_hierarchy(accounts)
    expected = [{"entity": name, "count": count} for name, count in COUNTS.items()]
    rejected = await run_purge(accounts, id=record_id, expectedCounts=expected[:2])
    assert [(e.code, e.path) for e in rejected.result.errors] == [("COUNTS_DIFFER", ("expectedCounts",))]
    assert "Activity: 1" in rejected.result.errors[0].message
    assert len(await accounts.read("id")) == 4
    assert (await run_purge(accounts, id=record_id, expectedCounts=expected)).result.status == "PURGED"
    assert len(await accounts.read("id")) == 1


async def test_a_purge_that_waits_for_a_lock_holds_no_later_lock(accounts: Writer) -> None:
    child, parent = await accounts.create({"name": "child"}, {"name": "parent"})
    await accounts.update({"id": child.id, "parent": {"id": parent.id}})
    async with hold_lock(accounts, child.id):
        task = asyncio.create_task(run_purge(accounts, id=parent.id))
        await wait_for_waiting_writer(accounts)
        assert await is_free(accounts, parent.id)
    assert (await task).counts == {"Account": 2}


async def test_a_child_moved_while_a_purge_waits_is_not_removed(accounts: Writer) -> None:
    child, parent = await accounts.create({"name": "child"}, {"name": "parent"})
    await accounts.update({"id": child.id, "parent": {"id": parent.id}})
    async with hold_lock(accounts, child.id) as writer:
        task = asyncio.create_task(run_purge(accounts, id=parent.id))
        await wait_for_waiting_writer(accounts)
        await writer.execute("UPDATE account SET parent_id = NULL WHERE id = %s", (child.id,))
    assert (await task).counts == {"Account": 1}
    assert await accounts.read("name") == [("child",)]


async def test_a_missing_or_changed_record_is_not_purged(
    accounts: Writer, database, catalog, other_actor
) -> None:
    (a,) = await accounts.create({"name": "a"})
    for record_id in (str(uuid.uuid4()), "17", None):
        assert codes((await run_purge(accounts, id=record_id)).result)[0][1] == ("id",)
    unrelated = Writer(database, catalog, other_actor)
    assert codes((await run_purge(unrelated, id=a.id)).result) == [("NOT_FOUND", ("id",))]
    stale = await run_purge(accounts, id=a.id, expectedVersion=2)
    assert stale.result.errors[0].code == "STALE_VERSION"
    assert codes((await run_purge(accounts, id=a.id, expectedCounts="all")).result) == [
        ("INVALID", ("expectedCounts",))
    ]
    assert len(await accounts.read("id")) == 1
