"""`tenure serve`: serves the API."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: TENURE_HOST, 127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on; 0 selects a free port. [default: TENURE_PORT, 8000]")
]


def serve(host: Host = None, port: Port = None) -> None:
    """Serve the GraphQL API.

    The server runs until Ctrl-C or SIGTERM. It uses the PostgreSQL database of DATABASE_URL, or starts the
    embedded PostgreSQL. The database must have all migrations: run `tenure migrate` first.

    \b
    Examples:
      tenure serve
      DATABASE_URL=postgresql://tenure@db/tenure tenure serve --host 0.0.0.0 --port 8080
    """
    # Objects that are created at startup are never garbage; collections would take a tenth of the time.
    gc.disable()
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import check_migrations, running_postgres
    from tenure_sdk.cli.server import listen, listener_url, run_server, stop_on_signals

    settings = load_settings(**listen_options(host, port))
    stop_on_signals()
    listener = listen(settings)
    with running_postgres(settings) as url:
        from tenure_core.plugins.host import load_host

        plugin_host = load_host(settings)
        check_migrations(url, plugin_host)
        message = f"Tenure is running at {listener_url(listener)}/graphql"
        run_server(plugin_host, settings, url, listener, lambda: typer.echo(message))


def listen_options(host: str | None, port: int | None) -> dict[str, str | int]:
    """Return the settings that the command line overrides."""
    return {name: value for name, value in (("host", host), ("port", port)) if value is not None}
