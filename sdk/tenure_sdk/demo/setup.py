"""Sets up the database of `tenure demo`: migrations, demo data and an API key."""

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
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.demo.plugins import load_plugins

TENANT = "demo"


@dataclass(frozen=True)
class DemoSetup:
    """The result of the setup.

    Args:
        api_key: An API key of the demo tenant; each run returns the same key.
        is_first_run: Whether this run created the demo data.
    """

    api_key: str
    is_first_run: bool


def set_up_demo(settings: Settings, url: str, owner_url: str, host: Host) -> DemoSetup:
    """Migrate a database and create the demo tenant, unless an earlier run did.

    Args:
        settings: The settings; the API key is stored in `home`.
        url: The database.
        owner_url: The database, as the owner of its tables.
        host: The plugins, which add demo data.

    Raises:
        DatabaseUnavailableError: The database can't be reached.
        MigrationFailedError: A migration failed.
    """
    upgrade(owner_url, host)
    return asyncio.run(_load(settings, url, owner_url, host))


async def _load(settings: Settings, url: str, owner_url: str, host: Host) -> DemoSetup:
    async with Database(url, settings) as database:
        keys = KeyCache(database, settings.api_key_cache_seconds)
        api_key = await _read_key(settings.home, keys) or _create_key(settings.home, owner_url)
        actor = await keys.authenticate(f"Bearer {api_key}")
        now = datetime.now(UTC)
        is_first_run = await load_demo(database, host, actor, now)
        new_plugins = await load_plugins(database, host, actor, now)
        if is_first_run or new_plugins:
            # Without statistics PostgreSQL plans for empty tables, and statements of workers take minutes.
            await database.analyze(*(entity.table.name for entity in host.catalog.entities.values()))
        return DemoSetup(api_key, is_first_run)


async def _read_key(home: Path, keys: KeyCache) -> str | None:
    """Return the API key of an earlier run, if this database knows it."""
    file = _key_file(home)
    if not file.is_file():
        return None
    api_key = file.read_text().strip()
    try:
        await keys.authenticate(f"Bearer {api_key}")
    except UnauthenticatedError:
        return None
    return api_key


def _create_key(home: Path, owner_url: str) -> str:
    api_key = create_key(owner_url, TENANT, Role.ADMIN, "tenure demo", "demo").secret
    home.mkdir(parents=True, exist_ok=True)
    file = _key_file(home)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(api_key + "\n")
    return api_key


def _key_file(home: Path) -> Path:
    """Return the file with the API key in plain text, which each run prints; only its owner can read it."""
    return home / "demo-key"
