"""Arrays: PostgreSQL reads the values that were given, whatever stands in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from psycopg.adapt import PyFormat

from tenure_core.postgres.array_dumper import JsonListDumper
from tenure_core.postgres.database import Database

TEXTS = some.text(some.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]))


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, client_encoding="utf8") as opened:
        opened.adapters.register_dumper(list, JsonListDumper)
        yield opened


def read(connection: psycopg.Connection, values: list[Any], kind: str) -> object:
    [found] = connection.execute(f"SELECT %s::{kind}[]", (values,)).fetchone() or (None,)
    return found


@given(
    some.lists(some.none() | TEXTS | some.sampled_from(["NULL", "null", "", "{}", '"', "\\", "a,b", " a "]))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_texts_come_out_as_they_went_in(connection: psycopg.Connection, values: list[str | None]) -> None:
    assert read(connection, values, "text") == values


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("uuid", [uuid.uuid4(), None, uuid.uuid4()]),
        ("boolean", [True, None, False]),
        ("date", [date(2026, 2, 28), None, date(1, 1, 1)]),
        (
            "timestamptz",
            [datetime(2026, 1, 1, tzinfo=UTC), None, datetime(1999, 12, 31, 23, 59, 59, 1, tzinfo=UTC)],
        ),
        ("timestamptz", [datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))]),
        ("timestamp", [datetime(2026, 1, 1, 5, 4, 3)]),
        ("integer", [1, None, -5]),
        ("float8", [0.1, float("inf"), None]),
        ("text", [["a", "b"], ["c", None]]),
        ("text", []),
    ],
)
def test_other_values_come_out_as_they_went_in(
    connection: psycopg.Connection, kind: str, values: list[Any]
) -> None:
    assert read(connection, values, kind) == values


async def test_the_service_writes_its_lists_so(database: Database) -> None:
    async with database.shared_connection() as lent:
        assert lent.adapters.get_dumper(list, PyFormat.TEXT) is JsonListDumper
