"""Fixtures of the client, for the tests in this folder."""

from tests.support.client_fixtures import api_key, other_api_key, proxy, server, tenant_name, tenure

__all__ = ["api_key", "other_api_key", "proxy", "server", "tenant_name", "tenure"]
