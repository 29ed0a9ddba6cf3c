"""The manifest and the hook implementations of the manufacturing pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel
from starlette.routing import Route

from tenure_manufacturing.change_handlers import handle_changes
from tenure_manufacturing.demo.rows import build_rows
from tenure_manufacturing.entities import ENTITIES
from tenure_manufacturing.jobs import JOBS
from tenure_manufacturing.maintenance.sla_breaches import WEBHOOKS
from tenure_manufacturing.metrics.account_summary import ACCOUNT_SUMMARY
from tenure_manufacturing.metrics.computed_columns import COMPUTED_COLUMNS
from tenure_manufacturing.metrics.reliability import RELIABILITY_METRICS
from tenure_manufacturing.operator_settings import load_webhook_policy
from tenure_manufacturing.roles import ROLES_AND_PERMISSIONS
from tenure_manufacturing.routes import ROUTES
from tenure_manufacturing.rules.validators import run_validators
from tenure_manufacturing.settings import ManufacturingSettings
from tenure_manufacturing.timeline.activities import ACTIVITY_KINDS
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
    RoleDefinition,
    RowError,
    WriteSet,
    hookimpl,
)

if TYPE_CHECKING:
    from typer import Typer

MANIFEST = Manifest(
    name="manufacturing",
    version="0.1.0",
    tenure=">=0.1,<0.2",
    doc="Equipment maintenance: equipment, meters, plans, work orders, spare parts and service contracts.",
)


@hookimpl
def register_entities() -> Iterable[type[Entity]]:
    """Return the entities."""
    return ENTITIES


@hookimpl
def register_computed_fields() -> Iterable[ComputedColumn | BatchField]:
    """Return the reliability metrics, the other computed columns and the account summary."""
    return [*RELIABILITY_METRICS, *COMPUTED_COLUMNS, ACCOUNT_SUMMARY]


@hookimpl
def register_graphql() -> GraphQLParts:
    """Return the root fields."""
    from tenure_manufacturing.graphql import PARTS

    return PARTS


@hookimpl
def register_activity_kinds() -> Iterable[str]:
    """Return the kinds of the activities on the account timeline."""
    return ACTIVITY_KINDS


@hookimpl
def register_roles() -> Iterable[Permission | RoleDefinition]:
    """Return the roles and permissions."""
    return ROLES_AND_PERMISSIONS


@hookimpl
def register_settings() -> type[BaseModel]:
    """Return the settings per tenant."""
    return ManufacturingSettings


@hookimpl
def register_jobs() -> Iterable[Job]:
    """Return the scheduled jobs."""
    return JOBS


@hookimpl
def register_cli() -> Typer:
    """Return the commands `tenure manufacturing …`. Only the command line imports their dependencies."""
    from tenure_manufacturing.cli import app

    return app


@hookimpl
def register_routes() -> Iterable[Route]:
    """Return the calendar of work orders."""
    return ROUTES


@hookimpl
def register_demo_data() -> DemoData:
    """Return a year of equipment history for the demo accounts."""
    return DemoData(rows=build_rows)


@hookimpl
async def validate_write(context: Context, writes: WriteSet) -> Iterable[RowError]:
    """Validate work orders, meter readings and maintenance plans."""
    return await run_validators(context, writes)


@hookimpl
async def on_change(context: Context, changes: Sequence[Change]) -> None:
    """Update timelines, plan intervals, due work orders and running hours."""
    await handle_changes(context, changes)


@hookimpl
async def on_startup() -> None:
    """Open the webhook client."""
    await WEBHOOKS.open(load_webhook_policy())


@hookimpl
async def on_shutdown() -> None:
    """Close the webhook client."""
    await WEBHOOKS.close()
