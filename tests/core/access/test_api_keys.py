"""Creation of API keys and tenants: secrets are stored as hashes, and a tenant is created once."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core.access.api_keys import create_key, ensure_tenant, find_tenant
from tenure_core.access.identity import Role, hash_key
from tenure_core.errors import BadUserInputError, DatabaseUnavailableError, SettingError


@pytest.fixture
def tenant_name() -> str:
    return f"tenant {uuid.uuid4()}"


def test_only_the_hash_of_a_key_is_stored(database_url: str, tenant_name: str) -> None:
    key = create_key(database_url, tenant_name, Role.READER, "the report", "excel")
    with psycopg.connect(database_url) as connection:
        [row] = connection.execute(
            "SELECT tenant_id, name, role, origin, hash, revoked_at FROM api_key WHERE id = %s", (key.key_id,)
        )
    tenant_id = ensure_tenant(database_url, tenant_name)
    assert row == (tenant_id, "the report", "reader", "excel", hash_key(key.secret), None)
    assert key.secret not in str(row)


def test_the_first_key_creates_its_tenant(database_url: str, tenant_name: str) -> None:
    first = create_key(database_url, tenant_name, Role.ADMIN, "a", "x")
    second = create_key(database_url, tenant_name, Role.ADMIN, "b", "x")
    assert (first.tenant_created, second.tenant_created) == (True, False)
    assert first.secret != second.secret


def test_a_tenant_is_created_once(database_url: str, tenant_name: str) -> None:
    assert ensure_tenant(database_url, tenant_name) == ensure_tenant(database_url, tenant_name)


def test_finding_a_tenant_does_not_create_it(database_url: str, tenant_name: str) -> None:
    assert find_tenant(database_url, tenant_name) is None
    assert find_tenant(database_url, tenant_name) is None
    tenant_id = ensure_tenant(database_url, tenant_name)
    assert find_tenant(database_url, tenant_name) == tenant_id


@pytest.mark.parametrize(
    ("name", "message"), [("", "blank"), (" \t", "blank"), ("n" * 201, "201 characters")]
)
def test_a_blank_or_long_name_of_a_tenant_is_rejected(database_url: str, name: str, message: str) -> None:
    with pytest.raises(BadUserInputError, match=message):
        create_key(database_url, name, Role.ADMIN, "k", "x")
    with pytest.raises(BadUserInputError, match=message):
        ensure_tenant(database_url, name)
    with pytest.raises(BadUserInputError, match=message):
        find_tenant(database_url, name)


def test_a_tenant_may_have_a_name_of_200_characters(database_url: str, tenant_name: str) -> None:
    ensure_tenant(database_url, tenant_name.ljust(200, "n"))


def test_a_missing_database_is_an_error_with_a_cause(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="does not exist"):
        create_key(make_conninfo(database_url, dbname="nowhere"), "t", Role.ADMIN, "k", "x")


def test_an_unreachable_server_is_an_error_with_a_hint() -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"can't be reached.*DATABASE_URL"):
        ensure_tenant("postgresql://nobody@127.0.0.1:1/nowhere", "t")


@pytest.mark.parametrize("url", ["no url at all", "postgresql://[::1/name", "postgresql://host/name?shoe=9"])
def test_a_malformed_url_is_rejected(url: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL is malformed"):
        ensure_tenant(url, "t")
