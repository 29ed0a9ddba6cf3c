"""A batch delivers the next changes in order; no change is lost and writes take effect exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg
import pytest
from structlog.testing import capture_logs
from tests.support.background_plugins import Tenant, account_names, fast_settings, listener_plugin

from tenure_core.access.identity import Actor
from tenure_core.background.change_listeners import batch
from tenure_core.background.change_listeners.batch import ChangeBatch
from tenure_core.changes.change import Change
from tenure_core.entities.model import Account
from tenure_core.plugins.context import Context
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


class Listener:
    """A plugin that records the changes that it receives, and raises the given errors."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.failures: list[Exception] = []
        self.plugin = listener_plugin(self.listen)

    async def listen(self, context: Context, changes: Sequence[Change]) -> None:
        if self.failures:
            await context.write.create(Account, [{"name": "written before the failure"}])
            raise self.failures.pop(0)
        self.received += account_names(changes)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def tenant(database: Database, actor: Actor, listener: Listener) -> Tenant:
    """A tenant that had an account before it enabled the listener."""
    tenant = Tenant(database, actor, listener.plugin)
    await tenant.create_accounts("before")
    await tenant.enable()
    return tenant


@pytest.fixture
def deliver(tenant: Tenant, settings: Settings) -> ChangeBatch:
    return ChangeBatch(
        tenant.database, tenant.host, fast_settings(settings), tenant.host.plugins[0], tenant.id
    )


async def deliver_all(deliver: ChangeBatch) -> None:
    """Deliver until all changes are delivered."""
    while await deliver.next_batch():
        continue


async def deliver_repeatedly(deliver: ChangeBatch, times: int) -> None:
    for _ in range(times):
        await deliver_all(deliver)
        await asyncio.sleep(0.03)


async def test_changes_since_the_plugin_was_enabled_are_delivered(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    await tenant.create_accounts("one", "two")
    await deliver_all(deliver)
    await deliver_all(deliver)
    assert listener.received == ["one", "two"]


async def test_a_change_contains_all_values_of_the_change_feed(
    database: Database, actor: Actor, settings: Settings
) -> None:
    received: list[Change] = []

    async def listen(_: Context, changes: Sequence[Change]) -> None:
        received.extend(changes)

    tenant = Tenant(database, actor, listener_plugin(listen))
    await tenant.enable()
    [created] = await tenant.writer.create({"name": "one"})
    await tenant.writer.update({"id": created.id, "name": "two"})
    await ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id).next_batch()
    create, update = received
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


async def test_many_changes_are_delivered_in_batches_in_order(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_SIZE", 4)
    written = [str(number) for number in range(10)]
    await tenant.writer.create(*({"name": name} for name in written))
    assert await deliver.next_batch()
    assert listener.received == written[:4]
    await deliver_all(deliver)
    assert listener.received == written


async def test_after_a_failure_the_same_changes_are_delivered_again_and_writes_are_rolled_back(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no"), RuntimeError("not yet"), ValueError("still\0 not")]
    await tenant.create_accounts("one", "two")
    with capture_logs() as logged:
        await deliver_repeatedly(deliver, 2)
    problems = await tenant.problems()
    assert {(entry["plugin"], entry["tenant"]) for entry in logged} == {(deliver.plugin.name, str(tenant.id))}
    assert listener.received == []
    assert problems.lag == 2
    assert problems.problems == (
        "on_change failed 2 times. Last error: RuntimeError: not yet. It will be retried.",
    )
    await deliver_repeatedly(deliver, 1)
    assert (await tenant.problems()).problems[0].endswith("ValueError: still not. It will be retried.")
    await deliver_repeatedly(deliver, 1)
    assert listener.received == ["one", "two"]
    assert await tenant.writer.read("name") == [("before",), ("one",), ("two",)]
    assert (await tenant.problems()).problems == ()
    assert (await tenant.problems()).lag == 0


async def test_the_pause_doubles_with_each_failure(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no")] * 3
    await tenant.create_accounts("one")
    slow = replace(deliver, settings=fast_settings(deliver.settings, plugin_retry_seconds=100))
    remaining = "extract(epoch FROM next_attempt_at - now())"
    pauses = []
    for _ in range(3):
        await slow.next_batch()
        pauses.append(await tenant.fetch_value(remaining, "change_listener"))
        async with tenant.writer.connect() as connection:
            await connection.execute("UPDATE change_listener SET next_attempt_at = now()")
    assert [round(pause, -2) for pause in pauses] == [100, 200, 400]


async def test_nothing_is_delivered_before_the_next_attempt_is_due(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError("no")]
    await tenant.create_accounts("one")
    slow = replace(deliver, settings=fast_settings(deliver.settings, plugin_retry_seconds=60))
    await deliver_all(slow)
    await deliver_all(slow)
    assert (listener.failures, listener.received) == ([], [])


async def test_after_too_many_failures_delivery_is_paused_until_it_is_resumed(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    listener.failures = [ValueError(f"number {number}") for number in range(1, 6)]
    await tenant.create_accounts("one")
    parking = replace(deliver, settings=fast_settings(deliver.settings, change_listener_attempts=3))
    await deliver_repeatedly(parking, 6)
    name = tenant.name
    assert [str(error) for error in listener.failures] == ["number 4", "number 5"]
    assert (await tenant.problems()).problems == (
        "on_change failed 3 times. Last error: ValueError: number 3. "
        "Delivery is paused: correct the cause, and "
        f'call pluginChangeListenerResume(input: {{name: "{name}"}}).',
    )
    listener.failures.clear()
    await tenant.resume(name)
    await deliver_all(parking)
    assert listener.received == ["one"]


async def test_a_listener_that_exceeds_the_timeout_is_cancelled(
    database: Database, actor: Actor, settings: Settings
) -> None:
    async def listen(context: Context, _: Sequence[Change]) -> None:
        await context.connection.execute("SELECT pg_sleep(30)")

    tenant = Tenant(database, actor, listener_plugin(listen))
    await tenant.enable()
    await tenant.create_accounts("one")
    short_timeout = fast_settings(settings, change_listener_seconds=0.1)
    await ChangeBatch(database, tenant.host, short_timeout, tenant.host.plugins[0], tenant.id).next_batch()
    [problem] = (await tenant.problems()).problems
    assert "TimeoutError: on_change took longer than 0.1 s for 1 changes." in problem


async def test_concurrent_deliveries_deliver_each_change_once(
    database: Database, actor: Actor, settings: Settings
) -> None:
    received: list[str] = []

    async def listen(_: Context, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0.05)
        received.extend(account_names(changes))

    tenant = Tenant(database, actor, listener_plugin(listen))
    await tenant.enable()
    await tenant.create_accounts("one", "two")
    batch_ = ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id)
    await asyncio.gather(*(deliver_all(batch_) for _ in range(4)))
    assert received == ["one", "two"]


async def test_changes_of_a_long_transaction_are_delivered_after_its_commit(
    database: Database, database_url: str, tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    bound = f"-c role=tenure_app -c tenure.tenant_id={tenant.id}"
    async with await psycopg.AsyncConnection.connect(database_url, options=bound) as slow:
        insert = "INSERT INTO account (tenant_id, name) VALUES (%s, %s)"
        await slow.execute(insert, (tenant.id, "slow"))
        await tenant.create_accounts("one")
        await deliver_all(deliver)
        assert listener.received == ["one"]
        assert (await tenant.problems()).lag == 0
        await slow.commit()
    assert (await tenant.problems()).lag == 1
    await deliver_all(deliver)
    assert listener.received == ["one", "slow"]
    assert (await tenant.problems()).lag == 0


async def test_the_plugins_own_writes_take_effect_once_and_are_delivered_to_it(
    database: Database, actor: Actor, settings: Settings
) -> None:
    origins: list[str] = []

    async def listen(context: Context, changes: Sequence[Change]) -> None:
        origins.extend(change.origin for change in changes)
        for change in changes:
            if change.origin == "tests":
                await context.write.create(Account, [{"name": f"of {change.version}"}])

    plugin = listener_plugin(listen)
    tenant = Tenant(database, actor, plugin)
    await tenant.enable()
    await tenant.create_accounts("one")
    await deliver_all(ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id))
    await deliver_all(ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id))
    own = f"plugin:{plugin.MANIFEST.name}"
    assert origins == ["tests", own]
    assert await tenant.fetch_value("actor", "change", "after->>'name' = 'of 1'") == own


async def test_changes_are_kept_while_the_plugin_is_disabled(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener
) -> None:
    await tenant.enable(False)
    await tenant.create_accounts("meanwhile")
    await deliver_all(deliver)
    assert listener.received == []
    await tenant.enable()
    await deliver_all(deliver)
    assert listener.received == ["meanwhile"]


async def test_changes_of_other_tenants_are_not_delivered(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, new_actor: Callable[[], Actor]
) -> None:
    other = Tenant(tenant.database, new_actor(), listener.plugin)
    await other.enable()
    await other.create_accounts("theirs")
    await tenant.create_accounts("ours")
    await deliver_all(deliver)
    assert listener.received == ["ours"]


async def test_a_listener_with_an_expired_cursor_is_paused_and_resumes_from_the_current_position(
    tenant: Tenant, deliver: ChangeBatch, listener: Listener, database_url: str
) -> None:
    await tenant.create_accounts("lost")
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        gone = """
            INSERT INTO change_horizon
            SELECT tenant_id, max(seq), '3' FROM change WHERE tenant_id = %s GROUP BY 1
        """
        await owner.execute(gone, (tenant.id,))
    await deliver_all(deliver)
    name = tenant.name
    problems = await tenant.problems()
    assert problems.lag is None
    assert problems.problems == (
        "Changes were undelivered for too long. The next changes are no longer stored. Rebuild the data that "
        "the plugin derives from changes, and call "
        f'pluginChangeListenerResume(input: {{name: "{name}"}}) '
        "to continue from the current position of the feed.",
    )
    await tenant.resume(name)
    await tenant.create_accounts("resumed")
    await deliver_all(deliver)
    assert listener.received == ["resumed"]
    assert await tenant.problems() == type(problems)(lag=0)


async def test_a_broken_connection_is_not_counted_as_a_failure_of_the_plugin(
    database_url: str, actor: Actor, settings: Settings
) -> None:
    """Its transaction is rolled back."""
    received: list[str] = []

    async def listen(context: Context, changes: Sequence[Change]) -> None:
        if not received:
            received.append("broken")
            await context.write.create(Account, [{"name": "undone"}])
            pid = context.connection.info.backend_pid
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
                await killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
        received.extend(account_names(changes))

    async with Database(database_url, settings) as database:
        tenant = Tenant(database, actor, listener_plugin(listen))
        await tenant.enable()
        await tenant.create_accounts("one")
        batch_ = ChangeBatch(database, tenant.host, settings, tenant.host.plugins[0], tenant.id)
        with pytest.raises(Exception, match="can't be reached"):
            await batch_.next_batch()
        await batch_.next_batch()
        assert received == ["broken", "one", "one"]
        assert await tenant.writer.read("name") == [("one",)]
        assert (await tenant.problems()).problems == ()
