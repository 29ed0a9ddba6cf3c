"""Array dumper: PostgreSQL reads the values that Python sent, for any content."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.adapt import PyFormat

from tenure_core.postgres.array_dumper import JsonListDumper
from tenure_core.postgres.database import Database

TEXTS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]))


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, client_encoding="utf8") as opened:
        opened.adapters.register_dumper(list, JsonListDumper)
        yield opened


def read(connection: psycopg.Connection, values: list[Any], sql_type: str) -> object:
    [result] = connection.execute(f"SELECT %s::{sql_type}[]", (values,)).fetchone() or (None,)
    return result


@given(st.lists(st.none() | TEXTS | st.sampled_from(["NULL", "null", "", "{}", '"', "\\", "a,b", " a "])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_texts_are_unchanged_by_the_round_trip(
    connection: psycopg.Connection, values: list[str | None]
) -> None:
    assert read(connection, values, "text") == values


@pytest.mark.parametrize(
    ("sql_type", "values"),
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
def test_other_values_are_unchanged_by_the_round_trip(
    connection: psycopg.Connection, sql_type: str, values: list[Any]
) -> None:
    assert read(connection, values, sql_type) == values


async def test_pooled_connections_use_the_dumper(database: Database) -> None:
    async with database.shared_connection() as borrowed:
        assert borrowed.adapters.get_dumper(list, PyFormat.TEXT) is JsonListDumper
