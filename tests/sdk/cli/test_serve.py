"""`tenure serve` as a process."""

from __future__ import annotations

import signal
import uuid

import psutil
import pytest
from tests.support.command_line import ServerProcess

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_responds_uses_little_memory_and_stops_cleanly(
    database_url: str, number: signal.Signals
) -> None:
    key = create_key(database_url, f"serve {uuid.uuid4()}", Role.ADMIN, "test", "test").secret
    server = ServerProcess("serve", DATABASE_URL=database_url)
    assert server.query(key, "{ accounts { totalCount } }") == {"data": {"accounts": {"totalCount": 0}}}
    assert psutil.Process(server.process.pid).memory_info().rss < 200_000_000
    assert server.stop(number) == (0, "")
