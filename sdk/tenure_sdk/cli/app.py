"""The `tenure` command. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from tenure_core.errors import TenureError
from tenure_sdk.cli.plugin.app import plugin_app
from tenure_sdk.cli.plugin_groups import PluginGroup

FAILED = 3
"""The exit code where Tenure raises an error: 1 and 2 are for what commands find, and for wrong calls."""

app = typer.Typer(
    name="tenure",
    cls=PluginGroup,
    help="Tenure, a headless customer-retention platform.\n\n"
    "Settings come from the environment: DATABASE_URL names the PostgreSQL, and where it is not set an "
    "embedded one is used; TENURE_HOST, TENURE_PORT, TENURE_HOME and others do the rest. `tenure doctor` "
    "shows what is in force.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
token_app = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None)
schema_app = typer.Typer(help="The GraphQL schema.", no_args_is_help=True, rich_markup_mode=None)
ide_app = typer.Typer(
    help="GraphiQL, the page to try the API in.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(token_app, name="token")
app.add_typer(plugin_app, name="plugin")
app.add_typer(schema_app, name="schema")
app.add_typer(ide_app, name="ide")

Host = Annotated[str | None, typer.Option(help="The address to listen on, in place of TENURE_HOST.")]
Port = Annotated[
    int | None, typer.Option(help="The port to listen on, in place of TENURE_PORT; 0 picks a free one.")
]


def main() -> None:
    """Run the command line. An error that Tenure raises on purpose ends as one line on stderr, and 3."""
    # SIGTERM ends a command as Ctrl-C does, so that what it started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except TenureError as error:
        typer.echo(f"tenure: {' '.join(str(error).split())}", err=True)
        sys.exit(FAILED)


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the GraphQL API until Ctrl-C or SIGTERM.

    Uses the PostgreSQL of DATABASE_URL, or starts the embedded one and stops it again. The database must be
    migrated: this command changes nothing in it.

    \b
    Examples:
      tenure serve
      DATABASE_URL=postgresql://tenure@db/tenure tenure serve --host 0.0.0.0 --port 8080
    """
    from tenure_sdk.cli.serve import serve

    serve(host, port)


@app.command()
def worker() -> None:
    """Do what plugins do by themselves until Ctrl-C or SIGTERM: their jobs, and telling them of changes.

    `tenure serve` does the same beside answering; with TENURE_WORKER=0 it leaves it to workers. Start as many
    as you like, on as many machines: each thing is done by one of them, and what a dead one leaves is taken
    over. What runs when a worker is told to stop may end, for some seconds.

    \b
    Example:
      TENURE_WORKER_CONCURRENCY=8 tenure worker
    """
    from tenure_sdk.cli.worker import worker

    worker()


@app.command()
def demo(host: Host = None, port: Port = None) -> None:
    """Start everything, with demo data: the quickest way to see Tenure at work.

    Migrates the database, fills the tenant `demo` on the first run, prints an API key and a first query to
    paste, and serves until Ctrl-C or SIGTERM. Run it again and the data is as you left it.

    \b
    Examples:
      tenure demo
      tenure demo --port 9000
    """
    from tenure_sdk.cli.demo import demo

    demo(host, port)


@app.command()
def migrate(
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would run and what it takes away, and run nothing.")
    ] = False,
    allow_destructive: Annotated[
        bool, typer.Option("--allow-destructive", help="Run what takes data away, too.")
    ] = False,
) -> None:
    """Bring the database to the version of this code. Safe to run again, and from several machines at once.

    The migrations of the core run first, then those of each plugin. Where one drops a table or a column, or
    narrows a type, nothing runs unless you say that it may. Runs as the owner of the tables:
    TENURE_MIGRATE_DATABASE_URL, or else DATABASE_URL.

    \b
    Examples:
      tenure migrate --plan
      DATABASE_URL=postgresql://owner@db/tenure tenure migrate
    """
    from tenure_sdk.cli.migrate import migrate, show_plan

    if plan:
        show_plan()
    else:
        migrate(allow_destructive)


@app.command()
def maintain() -> None:
    """Make room for the changes of the days to come, and forget what is older than it is to be kept.

    `tenure serve` does the same every hour. This is for where nothing serves, or where it should be done at a
    certain time. TENURE_CHANGE_RETENTION_DAYS and TENURE_IDEMPOTENCY_DAYS say how long changes and receipts are kept.

    \b
    Example:
      DATABASE_URL=postgresql://tenure@db/tenure tenure maintain
    """
    from tenure_sdk.cli.maintain import maintain

    maintain()


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="The CSV file; a name that ends in .gz is unpacked.")],
    entity: Annotated[str, typer.Option(help="What its lines become: Account, Contact, Activity, ...")],
    map_file: Annotated[
        Path, typer.Option("--map", help="The YAML file that says what each column becomes.")
    ],
    tenant: Annotated[str, typer.Option(help="Whose data; a new name makes a new tenant.")] = "demo",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every line against the database, and write nothing.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where the refused lines go, with reasons. [default: FILE.rejects.csv]"),
    ] = None,
) -> None:
    """Import records from a CSV file, as a map says.

    A record is known again by its key in the system that it comes from: import the same file twice, or again
    after it was cut off, and nothing is doubled. What is reported as written is committed.

    The map says which columns make the key, which lines to take, and where each field comes from; see
    sdk/examples/ for maps with comments.

    \b
    Exit codes:
      0  every line was written, or was so already
      1  some lines were refused: they are in FILE.rejects.csv; mend them there and import that file
      2  the call, the map or the file is wrong
      3  a setting is wrong, or the database can't be used: run it again once that is mended

    \b
    Examples:
      tenure import customers.csv --entity Account --map customers.yaml --dry-run
      tenure import orders.csv.gz --entity Activity --map orders.yaml --tenant acme
    """
    from tenure_sdk.cli.import_csv import import_file

    import_file(file, entity, map_file, tenant, dry_run, rejects)


@token_app.command("create")
def create_token(
    tenant: Annotated[str, typer.Option(help="Whose data the key opens; a new name makes a new tenant.")],
    role: Annotated[
        str, typer.Option(help="reader reads; admin also writes; plugins bring others, such as technician.")
    ],
    name: Annotated[str, typer.Option(help="What the key is for, so that you know it again.")] = "",
    origin: Annotated[
        str, typer.Option(help="The system that uses it, as the change feed shows it.")
    ] = "api",
) -> None:
    """Make an API key and print it. This is the only time it can be seen: the database keeps its hash.

    \b
    Examples:
      tenure token create --tenant acme --role reader --name dashboard
      tenure token create --tenant acme --role admin --name "ERP sync" --origin erp
    """
    from tenure_sdk.cli.token import create_token

    create_token(tenant, role, name, origin)


@schema_app.command("print")
def print_schema() -> None:
    """Print the GraphQL schema in its definition language: of the core, and of the plugins that are loaded.

    Needs no database.

    \b
    Examples:
      tenure schema print > schema.graphql
      TENURE_PLUGINS_ALLOW= tenure schema print
    """
    from tenure_sdk.cli.schema import print_schema

    print_schema()


@app.command()
def doctor() -> None:
    """Say what is configured, what is reachable, and what is missing. Exit code 0 where all is well, else 1.

    \b
    Example:
      tenure doctor && tenure serve
    """
    from tenure_sdk.cli.doctor import doctor

    doctor()


@ide_app.command("install")
def install_ide() -> None:
    """Bring GraphiQL with npm, so that the page at /graphql works without a way out.

    Four files, checked against the hashes that Tenure knows, come to lie under TENURE_HOME. For a machine
    without npm or a way out, run this on another and copy the folder.

    \b
    Example:
      tenure ide install
    """
    from tenure_core.settings import load_settings
    from tenure_schema.http.ide_files import install

    typer.echo(f"GraphiQL is installed in {install(load_settings().home)}.")
