"""Counts the statements that PostgreSQL executes, from the trace of the protocol."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping

import uvloop
from data import Data
from queries import NESTED

from tenure_core.access.identity import Actor, Role
from tenure_core.plugins.host import Host, core_host
from tenure_core.postgres.database import Database
from tenure_core.settings import load_settings
from tenure_schema.http.graphql_request import GraphQLRequest
from tenure_schema.http.timing import Timing
from tenure_schema.operations.executor import Executor

DEEP = """
    query Deep {
        contacts(first: 2, where: {activities: {some: {kind: {eq: CALL}}}}) {
            totalCount
            edges {
                cursor
                node {
                    id
                    account {
                        id
                        activitiesAggregate(groupBy: [{field: KIND}]) { key { kind } count }
                        contacts(first: 2) {
                            totalCount
                            pageInfo { hasNextPage endCursor }
                            nodes { id activities(first: 2) { nodes { id contact { id } } } }
                        }
                    }
                }
            }
        }
    }
"""
"""One root field with nested lists, references, counts and aggregates."""

ROOTS = "{ a: accounts(first: 1) { nodes { id } } b: contacts(first: 1) { nodes { id } } }"

ROOT_FIELDS = {NESTED: 1, DEEP: 1, ROOTS: 2}
"""The measured queries, with the number of their root fields."""

COMPLETED = "\tCommandComplete\t"
"""The message after each executed statement, in the trace format of libpq."""


def statements_per_root_field(data: Data) -> float:
    """Return the maximum number of statements per root field of core."""
    return count_statements(data, core_host(), ROOT_FIELDS)


def count_statements(data: Data, host: Host, root_fields: Mapping[str, int]) -> float:
    """Return the maximum number of statements per root field.

    Args:
        data: The data.
        host: The host of the plugins, which the tenant has enabled.
        root_fields: Queries, with the number of their root fields.
    """
    return uvloop.run(_count_maximum(data, host, root_fields))


async def _count_maximum(data: Data, host: Host, root_fields: Mapping[str, int]) -> float:
    settings = load_settings(database_url=data.url, pool_size=1)
    async with Database(data.url, settings) as database:
        executor = Executor(host, database, settings)
        plugins = frozenset(plugin.name for plugin in host.plugins)
        actor = Actor(data.tenant_id, uuid.uuid4(), Role.READER, "bench", plugins=plugins)
        counts = [await _count(executor, database, actor, q) / n for q, n in root_fields.items()]
    return max(counts)


async def _count(executor: Executor, database: Database, actor: Actor, query: str) -> int:
    """Execute a query once to bind the connection to the tenant; count the statements of the second run."""
    request = GraphQLRequest(query, {})
    await executor.execute(request, actor, "bench", Timing())
    with tempfile.TemporaryFile("w+") as trace:
        async with database.shared_connection() as connection:
            connection.pgconn.trace(trace.fileno())
        await executor.execute(request, actor, "bench", Timing())
        async with database.shared_connection() as connection:
            connection.pgconn.untrace()
        trace.seek(0)
        return sum(COMPLETED in line for line in trace)
