"""A database with the core's tables for each test module, whose plugins have different table names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenure_core.migrate.runner import upgrade
from tenure_core.plugins.host import core_host
from tenure_core.postgres.scratch_database import scratch_database


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    with scratch_database(server_url) as url:
        upgrade(url, core_host())
        yield url
