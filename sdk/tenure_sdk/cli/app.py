"""The command tree of `tenure`. The command modules import server code only when a command runs."""

from __future__ import annotations

import signal
import sys

import typer

from tenure_core.errors import TenureError
from tenure_sdk.cli.demo import demo
from tenure_sdk.cli.doctor import doctor
from tenure_sdk.cli.ide import install_ide
from tenure_sdk.cli.import_csv import import_file
from tenure_sdk.cli.maintain import maintain
from tenure_sdk.cli.migrate import migrate
from tenure_sdk.cli.plugin.app import plugin_app
from tenure_sdk.cli.plugin_groups import PluginGroup
from tenure_sdk.cli.schema import print_schema
from tenure_sdk.cli.serve import serve
from tenure_sdk.cli.token import create_token
from tenure_sdk.cli.worker import worker

EXIT_ERROR = 3

app = typer.Typer(
    name="tenure",
    cls=PluginGroup,
    help="Tenure, a headless customer-retention platform.\n\n"
    "Settings are environment variables. DATABASE_URL is the PostgreSQL database; without it, an embedded "
    "PostgreSQL is started. `tenure doctor` shows the settings and checks the installation.\n\n"
    "\b\n"
    "Exit codes:\n"
    "  0  success\n"
    "  1  the command found problems\n"
    "  2  wrong usage\n"
    "  3  error: a setting, a plugin or the database",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
token_app = typer.Typer(help="Manage API keys.", no_args_is_help=True, rich_markup_mode=None)
schema_app = typer.Typer(help="Print the GraphQL schema.", no_args_is_help=True, rich_markup_mode=None)
ide_app = typer.Typer(help="Manage GraphiQL, the API explorer.", no_args_is_help=True, rich_markup_mode=None)

app.command("serve")(serve)
app.command("worker")(worker)
app.command("demo")(demo)
app.command("migrate")(migrate)
app.command("maintain")(maintain)
app.command("import")(import_file)
app.command("doctor")(doctor)
app.add_typer(token_app, name="token")
token_app.command("create")(create_token)
app.add_typer(plugin_app, name="plugin")
app.add_typer(schema_app, name="schema")
schema_app.command("print")(print_schema)
app.add_typer(ide_app, name="ide")
ide_app.command("install")(install_ide)


def main() -> None:
    """Run the command line. A `TenureError` is printed as one line on stderr and exits with code 3."""
    # SIGTERM stops a command like Ctrl-C, so that embedded servers are stopped, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except TenureError as error:
        typer.echo(f"tenure: {' '.join(str(error).split())}", err=True)
        sys.exit(EXIT_ERROR)
