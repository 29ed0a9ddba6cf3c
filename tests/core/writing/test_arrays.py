"""Arrays: PostgreSQL reads the values that were given, whatever stands in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tenure_core.writing.arrays import array

TEXTS = some.text(some.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]))


@given(
    some.lists(some.none() | TEXTS | some.sampled_from(["NULL", "null", "", "{}", '"', "\\", "a,b", " a "]))
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_texts_come_out_as_they_went_in(connection: psycopg.Connection, values: list[str | None]) -> None:
    assert connection.execute("SELECT %s::text[]", (array(values),)).fetchone() == (values,)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, client_encoding="utf8") as opened:
        yield opened


def test_ids_and_truths_come_out_as_they_went_in(connection: psycopg.Connection) -> None:
    ids = [uuid.uuid4(), None, uuid.uuid4()]
    assert connection.execute("SELECT %s::uuid[]", (array(ids),)).fetchone() == (ids,)
    truths = [True, None, False]
    assert connection.execute("SELECT %s::boolean[]", (array(truths),)).fetchone() == (truths,)
