"""Hooks: every place where a plugin has its say. Plugins implement those that they need, as plain functions.

    from tenure_sdk import Manifest, hookimpl

    MANIFEST = Manifest(name="fleet", version="1.0.0", tenure=">=0.1,<0.2", doc="Vehicles and their trips.")

    @hookimpl
    def register_entities():
        return [Vehicle, Trip]

Hooks called `register_*` return data, are called once at the start, and touch no database. The others are
told what happens, or asked whether it may.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tenure_core.changes.change import Change
    from tenure_core.entities.computed import BatchField, ComputedColumn
    from tenure_core.entities.declaration import Entity
    from tenure_core.plugins.context import Context
    from tenure_core.plugins.registrations import DemoData, GraphQLParts, Job, Permission, RoleDefinition
    from tenure_core.plugins.write_set import Refusal, WriteSet

PROJECT = "tenure"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as the implementation of the hook of its name."""


@hookspec
def register_entities() -> Iterable[type[Entity]]:  # type: ignore[empty-body]
    """Return the entities that the plugin brings.

    Called by the host once at the start, in the plugins' order. All results together make the catalog; two
    entities of one name stop the start.
    """


@hookspec
def register_computed_fields() -> Iterable[ComputedColumn | BatchField]:  # type: ignore[empty-body]
    """Return fields that are computed, for entities of the plugin, of the core or of required plugins.

    Called by the host once at the start, after all entities are known. Two fields of one name on one entity
    stop the start.
    """


@hookspec
def register_graphql() -> GraphQLParts:  # type: ignore[empty-body]
    """Return root fields and types of the plugin's own, in plain Strawberry.

    Called by the host once at the start. All parts are joined into one schema; two root fields or types of
    one name stop the start.
    """


@hookspec
def register_activity_kinds() -> Iterable[str]:  # type: ignore[empty-body]
    """Return further kinds of activity, such as "SERVICE_VISIT".

    Called by the host once at the start. All results together extend the core's kinds; the same kind twice
    stops the start. Tenants that have not enabled the plugin write none of its kinds.
    """


@hookspec
def register_roles() -> Iterable[Permission | RoleDefinition]:  # type: ignore[empty-body]
    """Return the permissions that the plugin's code asks for, and roles that API keys can have.

    Called by the host once at the start. Two roles or permissions of one name stop the start.
    """


@hookspec
def register_settings() -> type[BaseModel]:  # type: ignore[empty-body]
    """Return the model of the plugin's settings, which each tenant has its own of. All fields need defaults.

    Called by the host once at the start. Fields of the type `SecretStr` can be set over the API, and never
    be read. Validators find `info.context == {"changing": True}` where a tenant changes its settings, and
    None where they are read: so they can refuse what is new, and read what was right when it was set.
    """


@hookspec
def register_jobs() -> Iterable[Job]:  # type: ignore[empty-body]
    """Return the work that is done again and again.

    Called by the host once at the start. The workers run each job when it is due, for each tenant that has
    the plugin enabled.
    """


@hookspec
def register_cli() -> object:
    """Return a `typer.Typer` with the plugin's commands: `tenure NAME ...` leads to them.

    Called by the command line when one of its commands is asked for, or all are listed. NAME is the
    plugin's.
    """


@hookspec
def register_routes() -> Iterable[Any]:  # type: ignore[empty-body]
    """Return Starlette routes, which are served below `/plugins/NAME`.

    Called by the host once at the start. A request needs an API key of a tenant that has the plugin
    enabled; `request.state.context` is its context. What it writes is committed before the answer is sent,
    and undone by an error and by an answer with a status of 400 or more. Where it meets another write, the
    route is called again.
    """


@hookspec
def register_demo_data() -> DemoData:  # type: ignore[empty-body]
    """Return what the plugin adds to the demo's story.

    Called by `tenure demo` when it fills its tenant, in the plugins' order, after the core's own story.
    """


@hookspec
async def validate_write(context: Context, writes: WriteSet) -> Iterable[Refusal]:  # type: ignore[empty-body]
    """Return a refusal for each row that may not be written, with the place in the row and a sentence.

    Called by the write path inside of the transaction, before rows of any entity are written, for tenants
    that have the plugin enabled. `writes` holds all sound rows of the call. The refusals of all plugins
    count together; what becomes of the other rows is the caller's policy.
    """


@hookspec
async def on_change(context: Context, changes: Sequence[Change]) -> None:
    """Take note of changes that were committed, in their order.

    Called by a worker with the changes of one tenant that has the plugin enabled, from the plugin's own
    cursor in the change feed, which begins where the plugin was enabled. What the plugin writes itself comes,
    too: `origin` tells. The cursor moves in the transaction of the context, so what is written through it
    happens once; what is done elsewhere may happen twice. Where it raises, the same changes come again, later
    and later, until they are parked: `plugins { problems }` tells, `pluginResume` goes on.
    """


@hookspec
async def on_startup() -> None:
    """Make ready what the plugin's code needs while the process serves, such as a client for HTTP.

    Called by each process of the service and each worker, once, before the first request or job.
    """


@hookspec
async def on_shutdown() -> None:
    """Close what `on_startup` has opened.

    Called once at the end, in the opposite order, also where the start failed later on.
    """
