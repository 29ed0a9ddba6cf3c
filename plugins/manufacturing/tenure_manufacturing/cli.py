"""Commands: `tenure manufacturing ...`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Row

from tenure_manufacturing.maintenance.due_lists import equipment_due_for_service
from tenure_sdk import Context
from tenure_sdk.cli.plugin_context import run_for_tenant

app = typer.Typer(help="Manufacturing maintenance.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def manufacturing() -> None:
    """Manufacturing maintenance."""


@app.command()
def due(
    tenant: Annotated[str, typer.Option(help="The tenant's name.")],
    within: Annotated[int, typer.Option(help="How many days to look ahead.")] = 14,
) -> None:
    """List the equipment that needs service, the most urgent first.

    \b
    Example:
      tenure manufacturing due --tenant acme --within 30
    """

    async def find(context: Context) -> list[Row[Any]]:
        return list(await equipment_due_for_service(context, within))

    _print(run_for_tenant("manufacturing", tenant, find), within)


def _print(found: list[Row[Any]], within: int) -> None:
    if not found:
        typer.echo(f"Nothing is due within {within} days.")
        return
    table = Table("due", "equipment", "account", "running hours", "work", box=None)
    for row in found:
        hours = f"{row.running_hours:,.0f}"
        work = ", ".join(row.work)
        table.add_row(f"{row.due_at:%Y-%m-%d}", row.serial_number, row.account_name, hours, work)
    Console().print(table)
