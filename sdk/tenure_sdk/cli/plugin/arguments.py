"""Arguments that several `tenure plugin` commands share."""

from __future__ import annotations

from typing import Annotated

import typer

PluginName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the plugin.")]
TenantName = Annotated[str, typer.Option("--tenant", help="Name of the tenant.")]
