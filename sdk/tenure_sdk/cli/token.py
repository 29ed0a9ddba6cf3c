"""`tenure token create`: creates an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tenure_core.settings import Settings


def create_token(
    tenant: Annotated[str, typer.Option(help="Name of the tenant; created if it does not exist.")],
    role: Annotated[
        str,
        typer.Option(help="Role of the key: reader, admin (also writes), or a role of a plugin."),
    ],
    name: Annotated[str, typer.Option(help="Purpose of the key, to identify it later.")] = "",
    origin: Annotated[
        str, typer.Option(help="The system that uses the key: the origin of its changes in the change feed.")
    ] = "api",
) -> None:
    """Create an API key and print it on stdout. It is printed only once: the database stores its hash.

    \b
    Examples:
      tenure token create --tenant acme --role reader --name dashboard
      tenure token create --tenant acme --role admin --name "ERP sync" --origin erp
    """
    from tenure_core.access.api_keys import create_key
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import migrated_postgres

    settings = load_settings()
    _check_role(role, settings)
    with migrated_postgres(settings) as (_, owner):
        key = create_key(owner, tenant, role, name, origin)
    subject = f"the new tenant {tenant}" if key.tenant_created else f"the tenant {tenant}"
    typer.echo(f"API key for {subject}, role {role}. Store it: it is not shown again.", err=True)
    typer.echo(key.secret)


def _check_role(role: str, settings: Settings) -> None:
    from tenure_core.access.identity import Role
    from tenure_core.plugins.host import load_host

    if role in list(Role):
        return
    roles = [*Role, *load_host(settings).catalog.roles]
    if role not in roles:
        raise typer.BadParameter(f"unknown role {role}; the roles are: {', '.join(roles)}.")
