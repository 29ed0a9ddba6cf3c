"""The plugin: who it is, and what it brings. Each hook leads to the room that does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel
from starlette.routing import Route

from tenure_manufacturing.change_handlers import handle_changes
from tenure_manufacturing.demo.rows import rows
from tenure_manufacturing.entities import ENTITIES
from tenure_manufacturing.jobs import jobs
from tenure_manufacturing.metrics.account_summary import load_summaries
from tenure_manufacturing.metrics.computed_columns import computed_columns
from tenure_manufacturing.metrics.reliability import measures
from tenure_manufacturing.roles import roles_and_permissions
from tenure_manufacturing.routes import routes
from tenure_manufacturing.rules.validators import run_validators
from tenure_manufacturing.settings import ManufacturingSettings
from tenure_manufacturing.timeline.activities import KINDS
from tenure_manufacturing.webhooks import WEBHOOKS
from tenure_sdk import (
    BatchField,
    Change,
    ComputedColumn,
    Context,
    DemoData,
    Entity,
    GraphQLParts,
    Job,
    Manifest,
    Permission,
    Refusal,
    RoleDefinition,
    WriteSet,
    hookimpl,
)

if TYPE_CHECKING:
    from typer import Typer

MANIFEST = Manifest(
    name="manufacturing",
    version="0.1.0",
    tenure=">=0.1,<0.2",
    doc="Maintenance for makers of equipment: machines, meters, plans, work orders, parts and contracts.",
)


@hookimpl
def register_entities() -> Iterable[type[Entity]]:
    """Return the pack's entities."""
    return ENTITIES


@hookimpl
def register_computed_fields() -> Iterable[ComputedColumn | BatchField]:
    """Return the measures, what else follows from other records, and the summary of an account."""
    return [*measures(), *computed_columns(), *load_summaries()]


@hookimpl
def register_graphql() -> GraphQLParts:
    """Return the lists of what is due."""
    from tenure_manufacturing.graphql import PARTS

    return PARTS


@hookimpl
def register_activity_kinds() -> Iterable[str]:
    """Return the kinds of activity by which accounts hear of maintenance."""
    return KINDS


@hookimpl
def register_roles() -> Iterable[Permission | RoleDefinition]:
    """Return who does what with the pack."""
    return list(roles_and_permissions())


@hookimpl
def register_settings() -> type[BaseModel]:
    """Return what each tenant decides for itself."""
    return ManufacturingSettings


@hookimpl
def register_jobs() -> Iterable[Job]:
    """Return what is done again and again."""
    return list(jobs())


@hookimpl
def register_cli() -> Typer:
    """Return the commands below `tenure manufacturing`; only the command line needs what they import."""
    from tenure_manufacturing.cli import app

    return app


@hookimpl
def register_routes() -> Iterable[Route]:
    """Return the calendar of due work."""
    return list(routes())


@hookimpl
def register_demo_data() -> DemoData:
    """Return a year of machines for the demo's customers."""
    return DemoData(rows=rows)


@hookimpl
async def validate_write(context: Context, writes: WriteSet) -> Iterable[Refusal]:
    """Refuse steps that work orders may not take, second readings, and plans that nothing makes due."""
    return await run_validators(context, writes)


@hookimpl
async def on_change(context: Context, changes: Sequence[Change]) -> None:
    """Tell accounts of work and errors, reset plans, and follow running hours."""
    await handle_changes(context, changes)


@hookimpl
async def on_startup() -> None:
    """Open the client for webhooks."""
    await WEBHOOKS.open()


@hookimpl
async def on_shutdown() -> None:
    """Close the client for webhooks."""
    await WEBHOOKS.close()
