"""`tenure demo`: serves a database with demo data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tenure_sdk.cli.serve import Host, Port, listen_options

if TYPE_CHECKING:
    from pathlib import Path

    from tenure_core.settings import Settings

EXAMPLE_QUERY = (
    "{ accounts(first: 3, where: {lifecycleStage: {eq: AT_RISK}}) { totalCount nodes { name industry } } }"
)

WELCOME = """
Tenure is running at {url}/graphql

  API explorer   {url}/graphql#key={key}
  API key        {key}

Example query: three customers at risk of churning.

  curl {url}/graphql \\
    -H 'Authorization: Bearer {key}' \\
    -H 'Content-Type: application/json' \\
    -d '{{"query": "{query}"}}'

Press Ctrl-C to stop. The data is stored in {location}.
"""


def demo(host: Host = None, port: Port = None) -> None:
    """Serve the GraphQL API with demo data.

    Migrates the database and creates the tenant `demo` on the first run, prints an API key and an example
    query, and serves until Ctrl-C or SIGTERM. Later runs keep the data.

    \b
    Examples:
      tenure demo
      tenure demo --port 9000
    """
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import owner_url, running_postgres
    from tenure_sdk.cli.server import listen, listener_url, run_server, stop_on_signals

    settings = load_settings(**listen_options(host, port))
    stop_on_signals()
    listener = listen(settings)
    with running_postgres(settings) as url:
        from tenure_core.plugins.host import load_host
        from tenure_sdk.demo.setup import set_up_demo

        plugin_host = load_host(settings)
        setup = set_up_demo(settings, url, owner_url(settings, url), plugin_host)
        if setup.is_first_run:
            _try_to_install_ide(settings.home)
        message = _format_welcome(settings, listener_url(listener), setup.api_key)
        run_server(plugin_host, settings, url, listener, lambda: typer.echo(message))


def _try_to_install_ide(home: Path) -> None:
    from tenure_schema.http.ide_files import IdeInstallError, install, is_installed

    if is_installed(home):
        return
    try:
        install(home)
    except IdeInstallError as error:
        typer.echo(f"GraphiQL is not installed; run `tenure ide install` to install it. {error}", err=True)


def _format_welcome(settings: Settings, url: str, key: str) -> str:
    location = "the database of DATABASE_URL" if settings.database_url else str(settings.home)
    return WELCOME.format(url=url, key=key, query=EXAMPLE_QUERY, location=location)
