"""Counts the statements that PostgreSQL runs, by what it says of them on the wire."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping

import uvloop
from data import Data
from questions import NESTED

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
"""One root field with lists, references, counts and aggregates inside of each other."""

ROOTS = "{ a: accounts(first: 1) { nodes { id } } b: contacts(first: 1) { nodes { id } } }"

ROOT_FIELDS = {NESTED: 1, DEEP: 1, ROOTS: 2}
"""The documents that are asked, with their root fields."""

COMPLETED = "\tCommandComplete\t"
"""What PostgreSQL says after each statement that it ran, as libpq notes it."""


def statements_per_root_field(data: Data) -> float:
    """Return how many statements a root field of the core costs, at most, whatever is nested in it."""
    return statements_of(data, core_host(), ROOT_FIELDS)


def statements_of(data: Data, host: Host, root_fields: Mapping[str, int]) -> float:
    """Return how many statements a root field costs, at most.

    Args:
        data: What is asked of.
        host: The plugins, which the tenant has enabled.
        root_fields: The documents that are asked, with the number of their root fields.
    """
    return uvloop.run(_most(data, host, root_fields))


async def _most(data: Data, host: Host, root_fields: Mapping[str, int]) -> float:
    settings = load_settings(database_url=data.url, pool_size=1)
    async with Database(data.url, settings) as database:
        answering = Executor(host, database, settings)
        plugins = frozenset(plugin.name for plugin in host.plugins)
        actor = Actor(data.tenant_id, uuid.uuid4(), Role.READER, "bench", plugins=plugins)
        counts = [await _count(answering, database, actor, q) / n for q, n in root_fields.items()]
    return max(counts)


async def _count(answering: Executor, database: Database, actor: Actor, query: str) -> int:
    """Ask once to bind the connection to the tenant, and count while the same is asked again."""
    question = GraphQLRequest(query, {})
    await answering.execute(question, actor, "bench", Timing())
    with tempfile.TemporaryFile("w+") as trace:
        async with database.shared_connection() as connection:
            connection.pgconn.trace(trace.fileno())
        await answering.execute(question, actor, "bench", Timing())
        async with database.shared_connection() as connection:
            connection.pgconn.untrace()
        trace.seek(0)
        return sum(COMPLETED in line for line in trace)
