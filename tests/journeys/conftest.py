"""Fixtures of the GraphQL API and of the client, for the tests in this folder."""

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
from tests.support.client_fixtures import api_key, other_api_key, proxy, server, tenant_name, tenure

__all__ = [
    "api_key",
    "app",
    "client",
    "execute",
    "execute_with_resolvers",
    "executor",
    "other_api_key",
    "plugin_executor",
    "proxy",
    "sample_reader",
    "sample_tenant",
    "server",
    "tenant",
    "tenant_name",
    "tenure",
    "unlimited_executor",
]
