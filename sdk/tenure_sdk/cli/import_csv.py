"""`tenure import`: imports records from a CSV file."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenure_core.errors import BadUserInputError

if TYPE_CHECKING:
    from tenure_core.catalog.catalog import Catalog, EntityInfo
    from tenure_sdk.csv_import.counts import ImportCounts

EXIT_REJECTED_LINES, EXIT_INVALID_INPUT = 1, 2


def import_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV file; a file with the suffix .gz is decompressed.")
    ],
    entity: Annotated[str, typer.Option(help="Entity of the records: Account, Contact, Activity, ...")],
    map_file: Annotated[
        Path, typer.Option("--map", help="Import map: a YAML file that defines the source of each field.")
    ],
    tenant: Annotated[str, typer.Option(help="Name of the tenant; created if it does not exist.")] = "demo",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all lines against the database, and write nothing.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="File for the rejected lines and the reasons. [default: FILE.rejects.csv]"),
    ] = None,
) -> None:
    """Import records from a CSV file with an import map.

    Records are matched by their key in the source system, so the import can be repeated, also after an
    interruption: it creates no duplicates. The progress output counts only committed records.

    The map defines the key columns, the lines to import and the source of each field; sdk/examples/ contains
    maps with comments.

    \b
    Exit codes:
      0  all lines were written or unchanged
      1  some lines were rejected: correct them in FILE.rejects.csv and import that file
      2  the arguments, the map or the file are invalid
      3  a setting is invalid or the database is not available

    \b
    Examples:
      tenure import customers.csv --entity Account --map customers.yaml --dry-run
      tenure import orders.csv.gz --entity Activity --map orders.yaml --tenant acme
    """
    rejects = rejects or Path(f"{file}.rejects.csv")
    try:
        counts = _import(file, entity, map_file, tenant, dry_run, rejects)
    except BadUserInputError as error:
        typer.echo(f"tenure: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(EXIT_INVALID_INPUT) from error
    if counts.rejected:
        raise typer.Exit(EXIT_REJECTED_LINES)


def _import(
    file: Path, entity: str, map_file: Path, tenant: str, dry_run: bool, rejects: Path
) -> ImportCounts:
    from tenure_core.plugins.host import load_host
    from tenure_core.settings import load_settings
    from tenure_sdk.cli.database import migrated_postgres
    from tenure_sdk.csv_import.compiled_map import CompiledMap
    from tenure_sdk.csv_import.import_map import read_map
    from tenure_sdk.csv_import.progress import format_summary
    from tenure_sdk.csv_import.runner import CsvImport
    from tenure_sdk.csv_import.tenant_import import import_for_tenant

    settings = load_settings()
    host = load_host(settings)
    compiled = CompiledMap(read_map(map_file), _find_entity(host.catalog, entity))
    csv_import = CsvImport(file, compiled, rejects, dry_run)
    csv_import.check_file()
    with migrated_postgres(settings, host) as (url, owner):
        tenant_id = _find_or_create_tenant(owner, tenant, dry_run)
        counts = asyncio.run(import_for_tenant(csv_import, settings, url, host, tenant_id))
    typer.echo(format_summary(counts, rejects, dry_run))
    return counts


def _find_entity(catalog: Catalog, name: str) -> EntityInfo:
    if name not in catalog.entities:
        names = ", ".join(catalog.entities)
        raise BadUserInputError(f"There is no entity {name!r}.", f"The entities are: {names}.")
    return catalog[name]


def _find_or_create_tenant(url: str, name: str, dry_run: bool) -> uuid.UUID:
    """Return the id of a tenant; a dry run returns an unused id instead of creating the tenant."""
    from tenure_core.access.api_keys import ensure_tenant, find_tenant

    if tenant_id := find_tenant(url, name):
        return tenant_id
    action = "would create" if dry_run else "creates"
    typer.echo(f"The tenant {name!r} does not exist: the import {action} it.", err=True)
    return uuid.uuid4() if dry_run else ensure_tenant(url, name)
