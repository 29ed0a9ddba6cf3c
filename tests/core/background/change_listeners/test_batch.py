"""A delivery: the next changes, in their order, with none lost; what the plugin writes is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg
import pytest
from structlog.testing import capture_logs
from tests.support.background_plugins import Tenant, hearing, names, quick

from tenure_core.access.identity import Actor
from tenure_core.background.change_listeners import batch
from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.changes.change import Change
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


class Listener:
    """A plugin that notes what it hears, and fails where it is told to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.failures: list[Exception] = []
        self.hook = hearing(self.hear)

    async def hear(self, context: Context, changes: Sequence[Change]) -> None:
        if self.failures:
            await context.write.create(Account, [{"name": "written before it failed"}])
            raise self.failures.pop(0)
        self.heard += names(changes)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def tenant(database: Database, actor: Actor, listener: Listener) -> Tenant:
    """A tenant that had an account before it enabled the listener."""
    tenant = Tenant(database, actor, listener.hook)
    await tenant.accounts("before")
    await tenant.enable()
    return tenant


@pytest.fixture
def deliver(tenant: Tenant, settings: Settings) -> ChangeBatch:
    return ChangeBatch(tenant.database, tenant.host, quick(settings), tenant.host.plugins[0], tenant.id)


async def rest(deliver: ChangeBatch) -> None:
    """Deliver until there is nothing more."""
    while await deliver.next_batch():
        continue


async def retried(deliver: ChangeBatch, times: int) -> None:
    for _ in range(times):
        await rest(deliver)
        await asyncio.sleep(0.03)


async def test_a_plugin_hears_of_what_comes_after_it_was_enabled(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    await tenant.accounts("one", "two")
    await rest(deliver)
    await rest(deliver)
    assert listener.heard == ["one", "two"]


async def test_a_change_tells_all_that_the_feed_does(
    database: Database, actor: Actor, settings: Settings
) -> None:
    heard: list[Change] = []

    async def hear(_: Context, changes: Sequence[Change]) -> None:
        heard.extend(changes)

    tenant = Tenant(database, actor, hearing(hear))
    await tenant.enable()
    [created] = await tenant.writer.create({"name": "one"})
    await tenant.writer.update({"id": created.id, "name": "two"})
    await ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id).next_batch()
    create, update = heard
    assert create.after is not None
    assert (create.operation, create.before, create.after["name"]) == ("CREATE", None, "one")
    assert (update.entity, update.id, update.version) == ("Account", created.id, 2)
    assert (update.changed_fields, update.before, update.after) == (
        ("name",),
        {"name": "one"},
        {"name": "two"},
    )
    assert (update.actor, update.origin) == ("test", "tests")
    assert update.transaction_id > create.transaction_id
    assert update.occurred_at > create.occurred_at


async def test_many_changes_come_in_batches_in_their_order(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_SIZE", 4)
    written = [str(number) for number in range(10)]
    await tenant.writer.create(*({"name": name} for name in written))
    assert await deliver.next_batch()
    assert listener.heard == written[:4]
    await rest(deliver)
    assert listener.heard == written


async def test_a_plugin_that_fails_is_told_the_same_again_and_nothing_stays_that_it_wrote(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no"), RuntimeError("not yet"), ValueError("still\0 not")]
    await tenant.accounts("one", "two")
    with capture_logs() as logged:
        await retried(deliver, 2)
    seen = await tenant.health()
    assert {(one["plugin"], one["tenant"]) for one in logged} == {(deliver.plugin.name, str(tenant.id))}
    assert listener.heard == []
    assert seen.lag == 2
    assert seen.problems == (
        "on_change has failed 2 times, at last with: RuntimeError: not yet. It is tried again.",
    )
    await retried(deliver, 1)
    assert (await tenant.health()).problems[0].endswith("ValueError: still not. It is tried again.")
    await retried(deliver, 1)
    assert listener.heard == ["one", "two"]
    assert await tenant.writer.read("name") == [("before",), ("one",), ("two",)]
    assert (await tenant.health()).problems == ()
    assert (await tenant.health()).lag == 0


async def test_pauses_grow_with_each_failure(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no")] * 3
    await tenant.accounts("one")
    slow = replace(deliver, settings=quick(deliver.settings, plugin_retry_seconds=0.1))
    pauses = []
    for _ in range(3):
        await slow.next_batch()
        pauses.append(await tenant.first("extract(epoch FROM next_attempt_at - now())", "plugin_delivery"))
        await asyncio.sleep(float(pauses[-1]) + 0.01)
    assert [round(float(pause), 1) for pause in pauses] == [0.1, 0.2, 0.4]


async def test_while_it_pauses_nothing_is_tried(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no")]
    await tenant.accounts("one")
    slow = replace(deliver, settings=quick(deliver.settings, plugin_retry_seconds=60))
    await rest(slow)
    await rest(slow)
    assert (listener.failures, listener.heard) == ([], [])


async def test_one_that_always_fails_is_parked_until_somebody_has_it_go_on(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError(f"number {number}") for number in range(1, 6)]
    await tenant.accounts("one")
    parking = replace(deliver, settings=quick(deliver.settings, change_listener_attempts=3))
    await retried(parking, 6)
    name = tenant.name
    assert [str(error) for error in listener.failures] == ["number 4", "number 5"]
    assert (await tenant.health()).problems == (
        "on_change has failed 3 times, at last with: ValueError: number 3. "
        f'It is parked: mend it, and call pluginResume(input: {{name: "{name}"}}).',
    )
    listener.failures.clear()
    await tenant.resume(name)
    await rest(parking)
    assert listener.heard == ["one"]


async def test_one_that_takes_too_long_is_stopped(
    database: Database, actor: Actor, settings: Settings
) -> None:
    async def hear(context: Context, _: Sequence[Change]) -> None:
        await context.connection.execute("SELECT pg_sleep(30)")

    tenant = Tenant(database, actor, hearing(hear))
    await tenant.enable()
    await tenant.accounts("one")
    impatient = quick(settings, change_listener_seconds=0.1)
    await ChangeBatch(database, tenant.host, impatient, tenant.host.plugins[0], tenant.id).next_batch()
    [problem] = (await tenant.health()).problems
    assert "TimeoutError: it took longer than 0.1 s over 1 changes." in problem


async def test_two_at_once_tell_of_nothing_twice(
    database: Database, actor: Actor, settings: Settings
) -> None:
    heard: list[str] = []

    async def hear(_: Context, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.05)
        heard.extend(names(changes))

    tenant = Tenant(database, actor, hearing(hear))
    await tenant.enable()
    await tenant.accounts("one", "two")
    one = ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id)
    await asyncio.gather(*(rest(one) for _ in range(4)))
    assert heard == ["one", "two"]


async def test_what_a_long_transaction_wrote_comes_when_it_is_committed(
    database: Database, database_url: str, tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    bound = f"-c role=tenure_app -c tenure.tenant_id={tenant.id}"
    async with await psycopg.AsyncConnection.connect(database_url, options=bound) as slow:
        insert = "INSERT INTO account (tenant_id, name) VALUES (%s, %s)"
        await slow.execute(insert, (tenant.id, "slow"))
        await tenant.accounts("one")
        await rest(deliver)
        assert listener.heard == ["one"]
        assert (await tenant.health()).lag == 0
        await slow.commit()
    assert (await tenant.health()).lag == 1
    await rest(deliver)
    assert listener.heard == ["one", "slow"]
    assert (await tenant.health()).lag == 0


async def test_its_own_writes_are_there_once_and_come_to_it_too(
    database: Database, actor: Actor, settings: Settings
) -> None:
    origins: list[str] = []

    async def hear(context: Context, changes: Sequence[Change]) -> None:
        origins.extend(change.origin for change in changes)
        for change in changes:
            if change.origin == "tests":
                await context.write.create(Account, [{"name": f"of {change.version}"}])

    plugin = hearing(hear)
    tenant = Tenant(database, actor, plugin)
    await tenant.enable()
    await tenant.accounts("one")
    await rest(ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id))
    await rest(ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id))
    own = f"plugin:{plugin.MANIFEST.name}"
    assert origins == ["tests", own]
    assert await tenant.first("actor", "change", "after->>'name' = 'of 1'") == own


async def test_who_has_disabled_it_is_not_told_of_and_misses_nothing(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    await tenant.enable(False)
    await tenant.accounts("meanwhile")
    await rest(deliver)
    assert listener.heard == []
    await tenant.enable()
    await rest(deliver)
    assert listener.heard == ["meanwhile"]


async def test_other_tenants_changes_stay_with_them(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, new_actor: Callable[[], Actor]
) -> None:
    other = Tenant(tenant.database, new_actor(), listener.hook)
    await other.enable()
    await other.accounts("theirs")
    await tenant.accounts("ours")
    await rest(deliver)
    assert listener.heard == ["ours"]


async def test_one_that_was_away_for_too_long_is_parked_and_goes_on_from_now(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, database_url: str
) -> None:
    await tenant.accounts("lost")
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        gone = """
            INSERT INTO change_horizon
            SELECT tenant_id, max(seq), '3' FROM change WHERE tenant_id = %s GROUP BY 1
        """
        await owner.execute(gone, (tenant.id,))
    await rest(deliver)
    name = tenant.name
    seen = await tenant.health()
    assert seen.lag is None
    assert seen.problems == (
        "The plugin was not told of changes for too long. What it had to hear of next is no longer kept. "
        "Bring what it derives from changes up to date, and call "
        f'pluginResume(input: {{name: "{name}"}}): it goes on from that moment.',
    )
    await tenant.resume(name)
    await tenant.accounts("found")
    await rest(deliver)
    assert listener.heard == ["found"]
    assert await tenant.health() == type(seen)(lag=0)


async def test_a_connection_that_breaks_counts_for_nobody(
    database_url: str, actor: Actor, settings: Settings
) -> None:
    """The transaction goes with it, and so does all that was done in it."""
    heard: list[str] = []

    async def hear(context: Context, changes: Sequence[Change]) -> None:
        if not heard:
            heard.append("broken")
            await context.write.create(Account, [{"name": "undone"}])
            pid = context.connection.info.backend_pid
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
                await killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
        heard.extend(names(changes))

    async with Database(database_url, settings) as database:
        tenant = Tenant(database, actor, hearing(hear))
        await tenant.enable()
        await tenant.accounts("one")
        one = ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id)
        with pytest.raises(Exception, match="can't be reached"):
            await one.next_batch()
        await one.next_batch()
        assert heard == ["broken", "one", "one"]
        assert await tenant.writer.read("name") == [("one",)]
        assert (await tenant.health()).problems == ()
