"""`tenure serve`."""

from __future__ import annotations

import gc

import typer

from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import refuse_pending_migrations, running_postgres
from tenure_sdk.cli.server import address_of, listen, run, stop_cleanly


def serve(host: str | None, port: int | None) -> None:
    """Serve a migrated database.

    Args:
        host: The address to listen on, in place of the setting.
        port: The port to listen on, in place of the setting.

    Raises:
        TenureError: A setting or a plugin is wrong, the port is in use, or the database can't be reached or
            is too old.
    """
    # What a start builds stays: to look for garbage in it is in vain, and takes a tenth of the time.
    gc.disable()
    settings = settings_with(host, port)
    stop_cleanly()
    listener = listen(settings)
    with running_postgres(settings) as url:
        from tenure_core.plugins.host import load_host

        plugins = load_host(settings)
        refuse_pending_migrations(url, plugins)
        answers = f"Tenure answers on {address_of(listener)}/graphql"
        run(plugins, settings, url, listener, lambda: typer.echo(answers))


def settings_with(host: str | None, port: int | None) -> Settings:
    """Return the settings of the environment, with the options of the command line over them."""
    options = {"host": host, "port": port}
    return load_settings(**{name: value for name, value in options.items() if value is not None})
