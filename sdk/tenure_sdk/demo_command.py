"""`tenure demo`: everything that a first look needs, from one command."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import typer

from tenure_core.catalog import build_catalog
from tenure_core.database import Database
from tenure_core.errors import UnauthenticatedError
from tenure_core.identity import KeyCache, Role
from tenure_core.migrate import upgrade
from tenure_core.settings import Settings
from tenure_core.tokens import create_key
from tenure_sdk.demo.loading import load_demo
from tenure_sdk.postgres import owner_url, running_postgres
from tenure_sdk.serve_command import settings_with
from tenure_sdk.serving import address_of, listen, run, stop_cleanly

TENANT = "demo"
FIRST_QUERY = (
    "{ accounts(first: 3, where: {lifecycleStage: {eq: AT_RISK}}) { totalCount nodes { name industry } } }"
)

WELCOME = """
Tenure answers on {address}/graphql

  In a browser   {address}/graphql#key={key}
  API key        {key}

A first query to paste: three customers who may be about to leave.

  curl {address}/graphql \\
    -H 'Authorization: Bearer {key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"query": "{query}"}}'

Ctrl-C stops it; the data stays in {home}.
"""


def demo(host: str | None, port: int | None) -> None:
    """Migrate, fill the demo's tenant on the first run, show the way in, and serve.

    Args:
        host: The address to listen on, in place of the setting.
        port: The port to listen on, in place of the setting.

    Raises:
        TenureError: A setting is wrong, the port is in use, or the database can't be reached.
    """
    settings = settings_with(host, port)
    stop_cleanly()
    listener = listen(settings)
    with running_postgres(settings) as url:
        upgrade(owner_url(settings, url))
        key, first_run = asyncio.run(_prepare(settings, url))
        if first_run:
            _try_to_install_ide(settings.home)
        run(settings, url, listener, lambda: _welcome(settings, address_of(listener), key))


async def _prepare(settings: Settings, url: str) -> tuple[str, bool]:
    """Return a key that opens the demo's tenant, and whether its data was written just now."""
    async with Database(url, settings) as database:
        keys = KeyCache(database, settings.key_cache_seconds)
        key = await _known_key(settings.home, keys) or _new_key(settings.home, owner_url(settings, url))
        actor = await keys.actor(f"Bearer {key}")
        return key, await load_demo(database, build_catalog(), actor, datetime.now(UTC))


async def _known_key(home: Path, keys: KeyCache) -> str | None:
    """Return the key of an earlier run where this database knows it."""
    file = _key_file(home)
    if not file.is_file():
        return None
    key = file.read_text().strip()
    try:
        await keys.actor(f"Bearer {key}")
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


def _try_to_install_ide(home: Path) -> None:
    from tenure_schema.ide_files import IdeInstallError, install, is_installed

    if is_installed(home):
        return
    try:
        install(home)
    except IdeInstallError as error:
        typer.echo(f"GraphiQL is not installed; `tenure ide install` brings it later. {error}", err=True)


def _welcome(settings: Settings, address: str, key: str) -> None:
    where = "your database" if settings.database_url else str(settings.home)
    typer.echo(WELCOME.format(address=address, key=key, query=FIRST_QUERY, home=where))
