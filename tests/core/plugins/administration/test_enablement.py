"""Plugins are enabled and disabled per tenant; API keys contain the enabled plugins."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from tests.support.plugin_factory import plugin

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Actor, KeyCache, NewApiKey
from tenure_core.errors import PluginError
from tenure_core.plugins.administration.enablement import disable, enable, enabled_plugins
from tenure_core.plugins.host import Host, load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings


@pytest.fixture
def key(database_url: str) -> NewApiKey:
    return create_key(database_url, f"tenant {uuid.uuid4()}", "technician", "k", "test")


@pytest.fixture(scope="module")
def host() -> Host:
    return load_host(Settings(), [plugin("fleet"), plugin("tolls", requires=("fleet",))])


async def switch(database: Database, host: Host, actor: Actor, **names: bool) -> None:
    """Enable or disable plugins in the given order."""
    async with database.write_transaction(actor.tenant_id, "test", "test") as connection:
        for name, on in names.items():
            await (enable if on else disable)(connection, host, name, actor.tenant_id)


async def test_an_authenticated_key_contains_the_enabled_plugins_of_its_tenant_only(
    database: Database, host: Host, key: NewApiKey, actor: Actor
) -> None:
    keys = KeyCache(database, seconds=0)
    before = await keys.authenticate(f"Bearer {key.secret}")
    await switch(database, host, actor, fleet=True)
    elsewhere = await keys.authenticate(f"Bearer {key.secret}")
    await switch(database, host, before, fleet=True, tolls=True)
    after = await keys.authenticate(f"Bearer {key.secret}")
    await switch(database, host, before, tolls=False)
    finally_ = await keys.authenticate(f"Bearer {key.secret}")
    assert [key_actor.plugins for key_actor in (before, elsewhere)] == [frozenset(), frozenset()]
    assert after.plugins == {"fleet", "tolls"}
    assert finally_.plugins == {"fleet"}
    assert finally_.role == "technician"


async def test_an_invalidated_key_is_looked_up_again(database: Database, host: Host, key: NewApiKey) -> None:
    keys = KeyCache(database, seconds=60)
    actor = await keys.authenticate(f"Bearer {key.secret}")
    await switch(database, host, actor, fleet=True)
    assert (await keys.authenticate(f"Bearer {key.secret}")).plugins == frozenset()
    keys.invalidate_tenant(uuid.uuid4())
    assert (await keys.authenticate(f"Bearer {key.secret}")).plugins == frozenset()
    keys.invalidate_tenant(actor.tenant_id)
    assert (await keys.authenticate(f"Bearer {key.secret}")).plugins == {"fleet"}


async def test_a_plugin_cannot_be_enabled_before_a_required_one(
    database: Database, host: Host, actor: Actor
) -> None:
    with pytest.raises(PluginError, match=r"tolls requires fleet, which is not enabled.*Enable fleet first"):
        await switch(database, host, actor, tolls=True)


async def test_a_required_plugin_cannot_be_disabled(database: Database, host: Host, actor: Actor) -> None:
    await switch(database, host, actor, fleet=True, tolls=True)
    with pytest.raises(PluginError, match=r"tolls, which is enabled .*, requires fleet.*Disable tolls first"):
        await switch(database, host, actor, fleet=False)
    await switch(database, host, actor, tolls=False, fleet=False)
    async with database.tenant_connection(actor.tenant_id) as connection:
        assert await enabled_plugins(connection, actor.tenant_id) == frozenset()


async def test_a_plugin_that_is_not_loaded_can_be_disabled_but_not_enabled(
    database: Database, host: Host, actor: Actor
) -> None:
    async with database.tenant_connection(actor.tenant_id) as connection:
        insert = "INSERT INTO tenant_plugin (tenant_id, plugin, enabled) VALUES (%s, 'gone', true)"
        await connection.execute(insert, (actor.tenant_id,))
    await switch(database, host, actor, gone=False)
    async with database.tenant_connection(actor.tenant_id) as connection:
        assert await enabled_plugins(connection, actor.tenant_id) == frozenset()
    with pytest.raises(PluginError, match="gone is not loaded"):
        await switch(database, host, actor, gone=True)


async def test_an_unknown_plugin_cannot_be_disabled(database: Database, host: Host, actor: Actor) -> None:
    with pytest.raises(PluginError, match="fleeet is not loaded"):
        await switch(database, host, actor, fleeet=False)


async def test_the_enabled_plugins_of_another_tenant_are_neither_visible_nor_writable(
    database: Database, host: Host, actor: Actor, other_actor: Actor
) -> None:
    await switch(database, host, other_actor, fleet=True)
    async with database.tenant_connection(actor.tenant_id) as connection:
        assert await enabled_plugins(connection, other_actor.tenant_id) == frozenset()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await enable(connection, host, "fleet", other_actor.tenant_id)
