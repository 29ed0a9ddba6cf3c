"""`tenure import`."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path

import typer

from tenure_core.access.api_keys import ensure_tenant, find_tenant
from tenure_core.access.grants import authorize
from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.errors import BadUserInputError
from tenure_core.plugins.administration.enablement import enabled_plugins
from tenure_core.plugins.host import load_host
from tenure_core.postgres.database import Database
from tenure_core.settings import Settings, load_settings
from tenure_sdk.cli.database import owner_url, refuse_pending_migrations, running_postgres
from tenure_sdk.csv_import.compiled_map import CompiledMap
from tenure_sdk.csv_import.counts import ImportCounts
from tenure_sdk.csv_import.csv_reader import open_csv
from tenure_sdk.csv_import.import_map import read_map
from tenure_sdk.csv_import.progress import progress, summary
from tenure_sdk.csv_import.runner import Import, run

SOME_REFUSED, WRONG_INPUT = 1, 2
"""Exit codes beside 0: some lines were refused; the call, the map or the file is wrong."""

STATEMENT_SECONDS = 60.0
"""How long a statement may run, at least: a chunk takes longer than what a request asks for."""

NO_KEY = uuid.UUID(int=0)
"""Stands for the key of an actor who came by the command line, and has none."""

ACTOR_NAME = "tenure import"
"""Who writes, for the change table."""


def import_file(
    file: Path, entity: str, map_file: Path, tenant: str, dry_run: bool, rejects: Path | None
) -> None:
    """Import a file, and leave with the exit code that tells how it went.

    Args:
        file: The CSV file.
        entity: The name of what its lines become, such as "Account".
        map_file: The map that says how.
        tenant: Whose data; made where it is new, once the map and the file are found good.
        dry_run: Whether to write nothing.
        rejects: Where the refused lines go; by default beside the file.

    Raises:
        typer.Exit: Some lines were refused (1), or the call, the map or the file is wrong (2).
        TenureError: A setting is wrong, or the database can't be reached or is too old.
    """
    try:
        totals = _import(file, entity, map_file, tenant, dry_run, rejects or Path(f"{file}.rejects.csv"))
    except BadUserInputError as error:
        typer.echo(f"tenure: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(WRONG_INPUT) from error
    if totals.refused:
        raise typer.Exit(SOME_REFUSED)


def _import(
    file: Path, entity: str, map_file: Path, tenant: str, dry_run: bool, rejects: Path
) -> ImportCounts:
    settings = load_settings()
    host = load_host(settings)
    catalog = host.catalog
    given = read_map(map_file)
    task = Import(file, CompiledMap(given, _entity(catalog, entity)), rejects, dry_run)
    _refuse_file(task)
    with running_postgres(settings) as url:
        owner = owner_url(settings, url)
        refuse_pending_migrations(owner, host)
        actor = Actor(_tenant(owner, tenant, dry_run), NO_KEY, Role.ADMIN, given.system, ACTOR_NAME)
        totals = asyncio.run(_run(task, settings, url, catalog, actor))
    typer.echo(summary(totals, rejects, dry_run))
    return totals


def _entity(catalog: Catalog, name: str) -> EntityInfo:
    if name not in catalog.entities:
        raise BadUserInputError(f"There is no entity {name!r}.", f"There are {', '.join(catalog.entities)}.")
    return catalog[name]


def _refuse_file(task: Import) -> None:
    with open_csv(task.path, task.recipe.map.encoding, task.recipe.map.delimiter) as file:
        task.recipe.refuse_header(file.header)


def _tenant(owner: str, name: str, dry_run: bool) -> uuid.UUID:
    """Return the tenant's id; in a dry run that of nobody, where there is no tenant yet."""
    if known := find_tenant(owner, name):
        return known
    typer.echo(f"There is no tenant {name!r} yet: the import makes it.", err=True)
    return uuid.uuid4() if dry_run else ensure_tenant(owner, name)


async def _run(task: Import, settings: Settings, url: str, catalog: Catalog, actor: Actor) -> ImportCounts:
    seconds = max(settings.statement_timeout_seconds, STATEMENT_SECONDS)
    patient = settings.model_copy(update={"statement_timeout_seconds": seconds})
    async with Database(url, patient) as database:
        async with database.tenant_connection(actor.tenant_id) as connection:
            enabled = await enabled_plugins(connection, actor.tenant_id)
        acting = replace(actor, plugins=enabled)
        authorize(acting, catalog).grants.require_write(task.recipe.entity)
        with progress() as on_progress:
            return await run(task, database, catalog, acting, on_progress)
