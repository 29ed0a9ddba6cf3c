"""The commands `tenure manufacturing …`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Row

from tenure_manufacturing.maintenance.due_lists import load_due_equipment
from tenure_sdk import Context
from tenure_sdk.cli.plugin_context import run_for_tenant

app = typer.Typer(help="Manufacturing maintenance.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def manufacturing() -> None:
    """Manufacturing maintenance."""


@app.command()
def due(
    tenant: Annotated[str, typer.Option(help="Name of the tenant.")],
    within: Annotated[int, typer.Option(help="Number of days to look ahead, from 0 to 3,650.")] = 14,
) -> None:
    """List the equipment that is due for service, most urgent first.

    Overdue equipment is included. At most 1,000 pieces of equipment are listed.

    \b
    Example:
      tenure manufacturing due --tenant acme --within 30
    """

    async def load(context: Context) -> Sequence[Row[Any]]:
        return await load_due_equipment(context, within)

    _print_equipment(run_for_tenant("manufacturing", tenant, load), within)


def _print_equipment(rows: Sequence[Row[Any]], within: int) -> None:
    if not rows:
        typer.echo(f"No equipment is due within {within} days.")
        return
    table = Table("due", "equipment", "account", "running hours", "plans", box=None)
    for row in rows:
        hours = f"{row.running_hours:,.0f}"
        plans = ", ".join(row.plan_names)
        table.add_row(f"{row.due_at:%Y-%m-%d}", row.serial_number, row.account_name, hours, plans)
    Console().print(table)
