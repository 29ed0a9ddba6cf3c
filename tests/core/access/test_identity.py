"""Authentication of API keys: valid and invalid headers, and the lifetime of the cache."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tenure_core.access import identity
from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Actor, KeyCache, NewApiKey, Role, hash_key, new_secret
from tenure_core.errors import UnauthenticatedError
from tenure_core.postgres.database import Database


@pytest.fixture
def tenant_name() -> str:
    return f"tenant {uuid.uuid4()}"


@pytest.fixture
def key(database_url: str, tenant_name: str) -> NewApiKey:
    return create_key(database_url, tenant_name, Role.READER, "the report", "excel")


def revoke(database_url: str, key: NewApiKey) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE api_key SET revoked_at = now() WHERE id = %s", (key.key_id,))


def rename_origin(database_url: str, key: NewApiKey, origin: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE api_key SET origin = %s WHERE id = %s", (origin, key.key_id))


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER  {} "])
async def test_a_key_is_authenticated_as_its_actor(
    database: Database, database_url: str, tenant_name: str, key: NewApiKey, header: str
) -> None:
    actor = await KeyCache(database, 10).authenticate(header.format(key.secret))
    assert actor == Actor(ensure_tenant(database_url, tenant_name), key.key_id, Role.READER, "excel")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eHk6eg==", "tenure_without_scheme"])
async def test_a_request_without_a_key_is_rejected_with_a_hint(
    database: Database, header: str | None
) -> None:
    with pytest.raises(UnauthenticatedError, match=r"no API key.*Authorization: Bearer"):
        await KeyCache(database, 10).authenticate(header)


@pytest.mark.parametrize("secret", ["nonsense", "tenure_", "' OR true --", "ключ", "x" * 100_000])
async def test_an_unknown_key_is_rejected_with_a_hint(database: Database, secret: str) -> None:
    with pytest.raises(UnauthenticatedError, match=r"unknown or revoked.*tenure token create"):
        await KeyCache(database, 10).authenticate(f"Bearer {secret}")


async def test_a_revoked_key_is_rejected(database: Database, database_url: str, key: NewApiKey) -> None:
    revoke(database_url, key)
    with pytest.raises(UnauthenticatedError):
        await KeyCache(database, 10).authenticate(f"Bearer {key.secret}")


async def test_an_actor_is_cached_for_the_given_time(
    database: Database, database_url: str, key: NewApiKey
) -> None:
    cache = KeyCache(database, 60)
    await cache.authenticate(f"Bearer {key.secret}")
    revoke(database_url, key)
    assert (await cache.authenticate(f"Bearer {key.secret}")).key_id == key.key_id


async def test_a_revoked_key_is_rejected_after_that_time(
    database: Database, database_url: str, key: NewApiKey
) -> None:
    cache = KeyCache(database, 0)
    await cache.authenticate(f"Bearer {key.secret}")
    revoke(database_url, key)
    with pytest.raises(UnauthenticatedError):
        await cache.authenticate(f"Bearer {key.secret}")


async def test_a_full_cache_removes_its_oldest_entry(
    database: Database, database_url: str, tenant_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "MAX_CACHED_KEYS", 2)
    cache = KeyCache(database, 60)
    keys = [create_key(database_url, tenant_name, Role.ADMIN, name, "old") for name in "abc"]
    for key in keys:
        await cache.authenticate(f"Bearer {key.secret}")
        rename_origin(database_url, key, "new")
    origins = [(await cache.authenticate(f"Bearer {key.secret}")).origin for key in reversed(keys)]
    assert origins == ["old", "old", "new"]


def test_a_secret_has_256_bits_and_a_prefix() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("tenure_")
    assert len(first.removeprefix("tenure_")) == 43
    assert len(hash_key(first)) == 32


async def test_an_invalidated_tenant_is_authenticated_again(
    database: Database, database_url: str, key: NewApiKey
) -> None:
    cache = KeyCache(database, 60)
    actor = await cache.authenticate(f"Bearer {key.secret}")
    rename_origin(database_url, key, "new")
    cache.invalidate_tenant(uuid.uuid4())
    assert await cache.authenticate(f"Bearer {key.secret}") is actor
    cache.invalidate_tenant(actor.tenant_id)
    assert (await cache.authenticate(f"Bearer {key.secret}")).origin == "new"
