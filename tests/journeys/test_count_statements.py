"""Each root field is one SQL statement, regardless of nesting. `tests/queries` contains examples.

After an intended change, run the tests with TENURE_UPDATE_FIXTURES=1, and review the diff of the fixtures.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse
from hypothesis import HealthCheck, given, settings
from tests.generated_queries.queries import Query, queries
from tests.generated_queries.query_runner import QueryRunner
from tests.generated_queries.sample import ROWS
from tests.support.api_fixtures import Execute

from tenure_core.postgres.statement_log import record_statements

QUERIES = Path(__file__).parent.parent / "queries"
NAMES = sorted(path.stem for path in QUERIES.glob("*.graphql"))
UPDATE = bool(os.environ.get("TENURE_UPDATE_FIXTURES"))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(query=queries(ROWS))
async def test_each_root_field_is_one_statement_on_both_paths(
    sample_tenant: QueryRunner, query: Query
) -> None:
    query = await sample_tenant.with_cursors(query)
    with record_statements() as planned:
        response = await sample_tenant.execute_planned(query)
    assert "errors" not in response, response["errors"]
    fields = [key for key, value in response["data"].items() if value != "Query"]
    assert len(planned) == len(fields), planned
    with record_statements() as resolved:
        await sample_tenant.execute_with_resolvers(query)
    assert len(resolved) == len(fields), resolved


NESTED = "contacts { nodes { activities { nodes { account { name } } } } } activitiesAggregate { count }"


@pytest.mark.parametrize(("selection", "reads"), [("id __typename", 0), ("name", 1), (f"id {NESTED}", 1)])
async def test_a_mutation_reads_its_record_in_at_most_one_statement(
    execute: Execute, selection: str, reads: int
) -> None:
    with record_statements() as executed:
        await execute(f'mutation {{ accountCreate(input: {{name: "a"}}) {{ account {{ {selection} }} }} }}')
    owners, insert, *others = executed
    assert ("FROM field_owner" in owners, "INSERT INTO" in insert) == (True, True)
    assert len(others) == reads


@pytest.mark.parametrize("name", NAMES)
async def test_the_sql_and_the_result_equal_the_fixture(sample_tenant: QueryRunner, name: str) -> None:
    text = (QUERIES / f"{name}.graphql").read_text(encoding="utf-8")
    with record_statements() as executed:
        response = await sample_tenant.execute_planned(Query(text, {}))
    check_fixture(QUERIES / f"{name}.sql", "\n;\n".join(map(format_sql, executed)))
    check_fixture(QUERIES / f"{name}.json", json.dumps(response["data"], indent=2, ensure_ascii=False))


def test_every_fixture_is_one_query() -> None:
    assert len(NAMES) >= 8
    for name in NAMES:
        [operation] = parse((QUERIES / f"{name}.graphql").read_text(encoding="utf-8")).definitions
        assert isinstance(operation, OperationDefinitionNode)


def check_fixture(path: Path, text: str) -> None:
    """Compare a text with a fixture, or update the fixture."""
    if UPDATE:
        path.write_text(text + "\n", encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: create it with TENURE_UPDATE_FIXTURES=1"
    assert text + "\n" == path.read_text(encoding="utf-8"), (
        f"{path.name} has changed; if this is intended, update it with TENURE_UPDATE_FIXTURES=1."
    )


LINE_BREAKS = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"[^"]*")
    |(?P<open>\()|(?P<close>\))
    |\s*\b(?P<clause>SELECT|(?<!DISTINCT\s)FROM|WHERE|LEFT\ OUTER\ JOIN|JOIN
        |GROUP\ BY|HAVING|ORDER\ BY|LIMIT)\b
    |\s+(?P<part>AND|OR)\b
    |(?P<space>\s+)""",
    re.VERBOSE,
)


def format_sql(sql: str) -> str:
    """Return a statement with one clause per line, indented by parentheses."""
    depth = 0

    def break_line(match: re.Match[str]) -> str:
        nonlocal depth
        depth += bool(match["open"]) - bool(match["close"])
        if match["clause"] or match["part"]:
            return "\n" + "  " * (depth + bool(match["part"])) + (match["clause"] or match["part"])
        return " " if match["space"] else match[0]

    return re.sub(" +\n", "\n", LINE_BREAKS.sub(break_line, sql)).strip()
