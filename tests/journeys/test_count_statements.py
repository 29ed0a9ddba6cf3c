"""Each root field is one SQL statement, whatever is nested in it: `tests/queries` shows them.

After a change on purpose TENURE_UPDATE_FIXTURES=1 writes the fixtures anew: read their diff.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from graphql import OperationDefinitionNode, parse
from hypothesis import HealthCheck, given, settings
from tests.generated_queries.queries import Question, questions
from tests.generated_queries.responses import Answers
from tests.generated_queries.sample import ROWS
from tests.support.api_fixtures import Ask

QUERIES = Path(__file__).parent.parent / "queries"
NAMES = sorted(path.stem for path in QUERIES.glob("*.graphql"))
UPDATE = bool(os.environ.get("TENURE_UPDATE_FIXTURES"))

BESIDE = ("SELECT set_config", "SELECT pg_notify")
"""What is no part of an answer: a connection is bound to another tenant, and readers of changes are woken."""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that was sent to PostgreSQL, in order."""
    statements: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def recorded(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        if not str(query).startswith(BESIDE):
            statements.append(str(query))
        return await execute(cursor, query, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", recorded)
        yield statements


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(drawn=questions(ROWS))
async def test_each_root_field_is_one_statement_either_way(
    answers: Answers, executed: list[str], drawn: Question
) -> None:
    question = await answers.with_cursors(drawn)
    executed.clear()
    response = await answers.short(question)
    fields = [key for key, value in response["data"].items() if value != "Query"]
    assert len(executed) == len(fields)
    executed.clear()
    await answers.general(question)
    assert len(executed) == len(fields)


NESTED = "contacts { nodes { activities { nodes { account { name } } } } } activitiesAggregate { count }"


@pytest.mark.parametrize(("asked", "readings"), [("id __typename", 0), ("name", 1), (f"id {NESTED}", 1)])
async def test_a_mutation_reads_its_record_in_one_statement_or_none(
    ask: Ask, executed: list[str], asked: str, readings: int
) -> None:
    await ask(f'mutation {{ accountCreate(input: {{name: "a"}}) {{ account {{ {asked} }} }} }}')
    owners, insert, *others = executed
    assert ("FROM field_owner" in owners, "INSERT INTO" in insert) == (True, True)
    assert len(others) == readings


@pytest.mark.parametrize("name", NAMES)
async def test_the_sql_and_the_answer_are_as_they_were(
    answers: Answers, executed: list[str], name: str
) -> None:
    text = (QUERIES / f"{name}.graphql").read_text(encoding="utf-8")
    response = await answers.short(Question(text, {}))
    agrees_with_fixture(QUERIES / f"{name}.sql", "\n;\n".join(map(readable, executed)))
    agrees_with_fixture(QUERIES / f"{name}.json", json.dumps(response["data"], indent=2, ensure_ascii=False))


def test_the_fixtures_ask_queries_only() -> None:
    assert len(NAMES) >= 8
    for name in NAMES:
        [operation] = parse((QUERIES / f"{name}.graphql").read_text(encoding="utf-8")).definitions
        assert isinstance(operation, OperationDefinitionNode)


def agrees_with_fixture(path: Path, text: str) -> None:
    """Compare with a fixture, or write it where that is asked for."""
    if UPDATE:
        path.write_text(text + "\n", encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: write it with TENURE_UPDATE_FIXTURES=1"
    assert text + "\n" == path.read_text(encoding="utf-8"), (
        f"{path.name} is another now; if that is meant, write it with TENURE_UPDATE_FIXTURES=1."
    )


BROKEN_AT = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"[^"]*")
    |(?P<open>\()|(?P<close>\))
    |\s*\b(?P<clause>SELECT|(?<!DISTINCT\s)FROM|WHERE|LEFT\ OUTER\ JOIN|JOIN
        |GROUP\ BY|HAVING|ORDER\ BY|LIMIT)\b
    |\s+(?P<part>AND|OR)\b
    |(?P<space>\s+)""",
    re.VERBOSE,
)


def readable(sql: str) -> str:
    """Return a statement with each clause on a line of its own, further in for each bracket."""
    depth = 0

    def broken(found: re.Match[str]) -> str:
        nonlocal depth
        depth += bool(found["open"]) - bool(found["close"])
        if found["clause"] or found["part"]:
            return "\n" + "  " * (depth + bool(found["part"])) + (found["clause"] or found["part"])
        return " " if found["space"] else found[0]

    return re.sub(" +\n", "\n", BROKEN_AT.sub(broken, sql)).strip()
