"""`tenure token create`."""

from __future__ import annotations

import typer

from tenure_core.access.api_keys import create_key
from tenure_core.access.identity import Role
from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import owner_url, refuse_pending_migrations, running_postgres


def create_token(tenant: str, role: str, name: str, origin: str) -> None:
    """Make an API key and print it: the key alone on stdout, so that scripts can take it, the rest on stderr.

    Args:
        tenant: Whose data it opens.
        role: What its holder may do.
        name: What it is for.
        origin: The system that uses it.

    Raises:
        TenureError: A setting is wrong, or the database can't be reached or is too old.
        typer.BadParameter: There is no such role.
    """
    settings = load_settings()
    _refuse_unknown(role, settings)
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        refuse_pending_migrations(owner)
        key = create_key(owner, tenant, role, name, origin)
    made = "new tenant" if key.tenant_created else "tenant"
    typer.echo(f"A key for the {made} {tenant}, role {role}. Keep it: it is not shown again.", err=True)
    typer.echo(key.secret)


def _refuse_unknown(role: str, settings: Settings) -> None:
    if role in list(Role):
        return
    known = [*Role, *load_host(settings).catalog.roles]
    if role not in known:
        raise typer.BadParameter(f"there is no role {role}; there are: {', '.join(known)}.")
