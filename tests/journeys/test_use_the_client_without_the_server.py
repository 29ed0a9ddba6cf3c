"""The client works in a Python without server packages: it requires httpx and orjson only."""

from __future__ import annotations

import subprocess
import sys

from tests.support.server_process import TenureProcess

PROGRAM = """
import sys

SERVER_PACKAGES = {
    "tenure_core", "tenure_schema", "tenure_migrations", "sqlalchemy", "alembic", "psycopg", "strawberry",
    "graphql", "starlette", "uvicorn", "pydantic", "typer", "rich", "yaml",
}


class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in SERVER_PACKAGES:
            raise ModuleNotFoundError(f"{name} is blocked")


sys.meta_path.insert(0, Blocker())
try:
    import tenure_core
except ModuleNotFoundError:
    print("blocked")

import asyncio
from tenure_sdk.client import AsyncTenure, Tenure

url, api_key = sys.argv[1:]
rows = [{"match": {"externalRef": {"system": "erp", "id": "1"}}, "name": "Acme"}]
with Tenure(url, api_key) as tenure:
    print(dict(tenure.upsert_many("Account", rows).counts))
    print([change.operation for change in tenure.changes().changes])
    print([record.data["name"] for record in tenure.snapshot()])


async def main():
    async with AsyncTenure(url, api_key) as tenure:
        print(await tenure.query("{ accounts { totalCount } }"))


asyncio.run(main())
print(sorted({name.partition(".")[0] for name in sys.modules} & SERVER_PACKAGES))
"""


def test_the_client_works_without_server_packages(server: TenureProcess, api_key: str) -> None:
    command = [sys.executable, "-c", PROGRAM, server.url, api_key]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "blocked",
        "{'CREATED': 1}",
        "['CREATE']",
        "['Acme']",
        "{'accounts': {'totalCount': 1}}",
        "[]",
    ]
