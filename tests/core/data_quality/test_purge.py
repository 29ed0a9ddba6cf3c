"""Purges: what hangs on a record goes with it, after it was told, and nothing else does."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.support.concurrent_writers import held, is_free, waits_for_a_lock
from tests.support.entity_writer import Writer, codes

from tenure_core.data_quality.purge import Purged, purge
from tenure_core.write.transaction import run_in_transaction


@pytest.fixture
def accounts(database, catalog, actor) -> Writer:
    return Writer(database, catalog, actor)


async def purged(accounts: Writer, **sent: Any) -> Purged:
    return await run_in_transaction(
        accounts.database,
        accounts.actor,
        lambda c: purge(c, accounts.catalog, accounts.entity, accounts.actor, sent),
    )


async def family(accounts: Writer) -> uuid.UUID:
    """A parent with two children, of which one has a contact and that an activity; and a stranger."""

    def of(entity: str, key: str) -> dict[str, Any]:
        return {entity: {"externalRef": {"system": "erp", "id": key}}}

    parent, *_ = await accounts.upsert(
        ("parent", {"name": "parent"}),
        ("child", {"name": "child", **of("parent", "parent")}),
        ("other", {"name": "other", **of("parent", "parent")}),
        ("stranger", {"name": "stranger"}),
    )
    await accounts.on("Contact").upsert(("c", {"lastName": "c", **of("account", "child")}))
    activity = {"kind": "NOTE", "occurredAt": "2026-01-01", **of("contact", "c"), **of("account", "parent")}
    await accounts.on("Activity").create(activity)
    assert parent.id
    return parent.id


COUNTS = {"Account": 3, "Contact": 1, "Activity": 1}


async def test_a_dry_run_tells_what_would_go_and_removes_nothing(accounts: Writer) -> None:
    told = await purged(accounts, id=str(await family(accounts)), dryRun=True)
    assert (told.result.status, told.counts) == ("PURGED", COUNTS)
    assert len(await accounts.read("id")) == 4


async def test_what_hangs_on_a_record_goes_with_it(accounts: Writer) -> None:
    done = await purged(accounts, id=str(await family(accounts)))
    assert (done.result.status, done.counts) == ("PURGED", COUNTS)
    assert await accounts.read("name") == [("stranger",)]
    assert await accounts.read("id", table="contact") == []
    assert await accounts.read("id", table="activity") == []
    assert await accounts.read("external_id", table="external_ref") == [("stranger",)]


async def test_each_record_is_gone_from_the_feed_before_what_it_refers_to(accounts: Writer) -> None:
    identity = await family(accounts)
    # A child that is older than its parent, so that the order of ids would be the wrong one.
    [old] = await accounts.create({"name": "elder"})
    [young] = await accounts.create({"name": "younger", "parent": {"id": str(identity)}})
    await accounts.update({"id": str(old.id), "parent": {"id": str(young.id)}})
    parents = [
        *await accounts.read("id, parent_id", "parent_id IS NOT NULL"),
        *await accounts.read("id, account_id", table="contact"),
        *await accounts.read("id, contact_id", table="activity"),
    ]
    await purged(accounts, id=str(identity))
    gone = await accounts.read("seq, record_id", "operation = 'PURGE'", table="change")
    place = {record: index for index, (_, record) in enumerate(gone)}
    assert len(parents) == 6
    assert all(place[child] < place[parent] for child, parent in parents)


async def test_deleted_records_go_with_it_and_history_stays(accounts: Writer) -> None:
    (a,) = await accounts.upsert(("a", {"name": "a"}))
    await accounts.delete(a.id)
    await purged(accounts, id=a.id)
    (found,) = await accounts.upsert(("a", {"name": "again"}))
    assert (found.status, found.id == a.id) == ("CREATED", False)
    before = await accounts.read("seq", f"record_id = '{a.id}'", table="change")
    assert len(before) == 3


async def test_other_numbers_than_expected_stop_it(accounts: Writer) -> None:
    identity = await family(accounts)
    expected = [{"entity": name, "count": count} for name, count in COUNTS.items()]
    refused = await purged(accounts, id=identity, expectedCounts=expected[:2])
    assert [(e.code, e.path) for e in refused.result.errors] == [("COUNTS_DIFFER", ("expectedCounts",))]
    assert "Activity: 1" in refused.result.errors[0].message
    assert len(await accounts.read("id")) == 4
    assert (await purged(accounts, id=identity, expectedCounts=expected)).result.status == "PURGED"
    assert len(await accounts.read("id")) == 1


async def test_a_purge_that_waits_for_a_record_holds_no_later_one(accounts: Writer) -> None:
    child, parent = await accounts.create({"name": "child"}, {"name": "parent"})
    await accounts.update({"id": child.id, "parent": {"id": parent.id}})
    async with held(accounts, child.id):
        purging = asyncio.create_task(purged(accounts, id=parent.id))
        await waits_for_a_lock(accounts)
        assert await is_free(accounts, parent.id)
    assert (await purging).counts == {"Account": 2}


async def test_a_child_that_leaves_while_a_purge_waits_stays(accounts: Writer) -> None:
    child, parent = await accounts.create({"name": "child"}, {"name": "parent"})
    await accounts.update({"id": child.id, "parent": {"id": parent.id}})
    async with held(accounts, child.id) as writer:
        purging = asyncio.create_task(purged(accounts, id=parent.id))
        await waits_for_a_lock(accounts)
        await writer.execute("UPDATE account SET parent_id = NULL WHERE id = %s", (child.id,))
    assert (await purging).counts == {"Account": 1}
    assert await accounts.read("name") == [("child",)]


async def test_what_is_not_there_or_has_changed_is_not_purged(
    accounts: Writer, database, catalog, other_actor
) -> None:
    (a,) = await accounts.create({"name": "a"})
    for identity in (str(uuid.uuid4()), "17", None):
        assert codes((await purged(accounts, id=identity)).result)[0][1] == ("id",)
    stranger = Writer(database, catalog, other_actor)
    assert codes((await purged(stranger, id=a.id)).result) == [("NOT_FOUND", ("id",))]
    stale = await purged(accounts, id=a.id, expectedVersion=2)
    assert stale.result.errors[0].code == "STALE_VERSION"
    assert codes((await purged(accounts, id=a.id, expectedCounts="all")).result) == [
        ("INVALID", ("expectedCounts",))
    ]
    assert len(await accounts.read("id")) == 1
