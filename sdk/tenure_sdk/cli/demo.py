"""`tenure demo`: everything that a first look needs, from one command."""

from __future__ import annotations

from pathlib import Path

import typer

from tenure_core.settings import Settings
from tenure_sdk.cli.database import running_postgres
from tenure_sdk.cli.serve import settings_with
from tenure_sdk.cli.server import address_of, listen, run, stop_cleanly

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
        from tenure_core.plugins.host import load_host
        from tenure_sdk.demo.setup import prepare

        plugins = load_host(settings)
        prepared = prepare(settings, url, plugins)
        if prepared.first_run:
            _try_to_install_ide(settings.home)
        run(plugins, settings, url, listener, lambda: _welcome(settings, address_of(listener), prepared.key))


def _try_to_install_ide(home: Path) -> None:
    from tenure_schema.http.ide_files import IdeInstallError, install, is_installed

    if is_installed(home):
        return
    try:
        install(home)
    except IdeInstallError as error:
        typer.echo(f"GraphiQL is not installed; `tenure ide install` brings it later. {error}", err=True)


def _welcome(settings: Settings, address: str, key: str) -> None:
    where = "your database" if settings.database_url else str(settings.home)
    typer.echo(WELCOME.format(address=address, key=key, query=FIRST_QUERY, home=where))
