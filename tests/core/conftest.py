"""Fixtures of the GraphQL API, for the tests in this folder."""

from tests.support.api_fixtures import (
    app,
    client,
    execute,
    execute_with_resolvers,
    executor,
    plugin_executor,
    sample_reader,
    sample_tenant,
    tenant,
    unlimited_executor,
)

__all__ = [
    "app",
    "client",
    "execute",
    "execute_with_resolvers",
    "executor",
    "plugin_executor",
    "sample_reader",
    "sample_tenant",
    "tenant",
    "unlimited_executor",
]
