"""Makes a database ready for the demo: migrated, with the story in it, and a key to read it with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import KeyCache, Role
from tenure_core.errors import UnauthenticatedError
from tenure_core.migrate.runner import upgrade
from tenure_core.plugins.host import Host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings
from tenure_sdk.cli.database import owner_url
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.demo.plugins import load_plugins

TENANT = "demo"


@dataclass(frozen=True)
class DemoSetup:
    """What the demo can now be shown with.

    Args:
        key: An API key of the demo's tenant, the same at every start.
        first_run: Whether the story was written just now.
    """

    key: str
    first_run: bool


def prepare(settings: Settings, url: str, host: Host) -> DemoSetup:
    """Migrate a database and fill the demo's tenant, unless both were done before.

    Args:
        settings: Where the demo's key lies, among others.
        url: The database.
        host: The plugins of the demo.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: It refuses a migration.
    """
    upgrade(owner_url(settings, url), host)
    return asyncio.run(_fill(settings, url, host))


async def _fill(settings: Settings, url: str, host: Host) -> DemoSetup:
    async with Database(url, settings) as database:
        keys = KeyCache(database, settings.key_cache_seconds)
        key = await _known_key(settings.home, keys) or _new_key(settings.home, owner_url(settings, url))
        actor = await keys.authenticate(f"Bearer {key}")
        now = datetime.now(UTC)
        first_run = await load_demo(database, host.catalog, actor, now)
        new = await load_plugins(database, host, actor, now)
        if first_run or new:
            # Until then PostgreSQL plans for empty tables, and the workers' statements take minutes.
            await database.analyze(*(entity.table.name for entity in host.catalog.entities.values()))
        return DemoSetup(key, first_run)


async def _known_key(home: Path, keys: KeyCache) -> str | None:
    """Return the key of an earlier run where this database knows it."""
    file = _key_file(home)
    if not file.is_file():
        return None
    key = file.read_text().strip()
    try:
        await keys.authenticate(f"Bearer {key}")
    except UnauthenticatedError:
        return None
    return key


def _new_key(home: Path, owner: str) -> str:
    key = create_key(owner, TENANT, Role.ADMIN, "tenure demo", "demo").secret
    home.mkdir(parents=True, exist_ok=True)
    file = _key_file(home)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(key + "\n")
    return key


def _key_file(home: Path) -> Path:
    """The demo shows its key at every start, so it keeps the secret, readable for its user only."""
    return home / "demo-key"
