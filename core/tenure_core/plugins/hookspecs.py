"""The hook specifications. A plugin implements the hooks that it needs as plain functions.

    from tenure_sdk import Manifest, hookimpl

    MANIFEST = Manifest(name="fleet", version="1.0.0", tenure=">=0.1,<0.2", doc="Vehicles and their trips.")

    @hookimpl
    def register_entities():
        return [Vehicle, Trip]

Hooks named `register_*` return registrations and must not access the database. The other hooks are called
when something happens. To add a `register_*` hook, add its specification here, its registration class to
`tenure_core.plugins.registrations`, and a consumer that calls `LoadedPlugin.registrations`. To add a hook
that is called, add its specification here and a call of `LoadedPlugin.hooks.call`, as in
`tenure_core.plugins.validators`. Names that plugin authors import are exported by `tenure_sdk.api`, and
`python -m tests.support.guide_reference` adds the hook to the guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from tenure_core.plugins.registration import Registration
from tenure_core.plugins.registrations import (
    ActivityKind,
    CommandGroup,
    ComputedField,
    DemoData,
    EntityClass,
    GraphQLParts,
    Permission,
    PluginRoute,
    RoleDefinition,
    ScheduledJob,
    SettingsModel,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tenure_core.changes.change import Change
    from tenure_core.entities.computed import BatchField, ComputedColumn
    from tenure_core.entities.declaration import Entity
    from tenure_core.plugins.context import Context
    from tenure_core.plugins.registrations import Job
    from tenure_core.write.write_set import RowError, WriteSet

PROJECT = "tenure"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's function as the implementation of the hook with the same name."""

Spec = TypeVar("Spec", bound=Callable[..., Any])


@dataclass(frozen=True)
class HookResult:
    """The result of a `register_*` hook.

    Args:
        classes: The registration classes of the returned values.
        is_list: Whether the hook returns a list; otherwise it returns one value.
        at_startup: Whether the host calls the hook at startup; otherwise its consumer calls it when needed.
    """

    classes: tuple[type[Registration], ...]
    is_list: bool
    at_startup: bool


def returns(
    *classes: type[Registration], is_list: bool = True, at_startup: bool = True
) -> Callable[[Spec], Spec]:
    """Declare the result of a `register_*` hook; see `HookResult`."""

    def set_result(spec: Spec) -> Spec:
        spec.tenure_result = HookResult(classes, is_list, at_startup)  # type: ignore[attr-defined]
        return spec

    return set_result


def list_specs() -> Mapping[str, Callable[..., Any]]:
    """Return the specifications of all hooks by name."""
    return {name: value for name, value in globals().items() if hasattr(value, f"{PROJECT}_spec")}


def list_hook_results() -> Mapping[str, HookResult]:
    """Return the results of the `register_*` hooks by name."""
    return {name: spec.tenure_result for name, spec in list_specs().items() if hasattr(spec, "tenure_result")}


@hookspec
@returns(EntityClass)
def register_entities() -> Iterable[type[Entity]]:  # type: ignore[empty-body]
    """Return the entities of the plugin.

    Called by the host once at startup, in the order of the plugins. The entities of all plugins are added
    to the catalog. A name that is used twice stops the startup.
    """


@hookspec
@returns(ComputedField)
def register_computed_fields() -> Iterable[ComputedColumn | BatchField]:  # type: ignore[empty-body]
    """Return computed fields for entities of the plugin, of the core or of required plugins.

    Called by the host once at startup. Two fields of an entity with the same name stop the startup.
    """


@hookspec
@returns(GraphQLParts, is_list=False)
def register_graphql() -> GraphQLParts:  # type: ignore[empty-body]
    """Return root fields and types, written with Strawberry.

    Called by the host once at startup. The parts of all plugins are merged into one schema. Two root fields
    or types with the same name stop the startup.
    """


@hookspec
@returns(ActivityKind)
def register_activity_kinds() -> Iterable[str]:  # type: ignore[empty-body]
    """Return additional activity kinds, such as "SERVICE_VISIT".

    Called by the host once at startup. The kinds are added to the enum `ActivityKind`. A kind that is
    registered twice stops the startup. A tenant that has not enabled the plugin cannot write its kinds.
    """


@hookspec
@returns(Permission, RoleDefinition)
def register_roles() -> Iterable[Permission | RoleDefinition]:  # type: ignore[empty-body]
    """Return permissions that the plugin's code checks, and roles for API keys.

    Called by the host once at startup. Two roles or permissions with the same name stop the startup.
    """


@hookspec
@returns(SettingsModel, is_list=False)
def register_settings() -> type[BaseModel]:  # type: ignore[empty-body]
    """Return the model of the plugin's settings. Each tenant has its own values. Every field needs a default.

    Called by the host once at startup. A field of type `SecretStr` can be set through the API, but never
    read. In validators, `info.context` is `{"changing": True}` when a tenant changes its settings, and None
    when stored settings are read. A validator can therefore reject new values and still accept stored
    values.
    """


@hookspec
@returns(ScheduledJob)
def register_jobs() -> Iterable[Job]:  # type: ignore[empty-body]
    """Return scheduled jobs.

    Called by the host once at startup. Workers run each job when it is due, for each tenant that has the
    plugin enabled.
    """


@hookspec
@returns(CommandGroup, is_list=False, at_startup=False)
def register_cli() -> object:
    """Return a `typer.Typer` with commands, which are available as `tenure NAME ...`.

    Called by the command line when such a command runs or when all commands are listed. NAME is the name of
    the plugin.
    """


@hookspec
@returns(PluginRoute)
def register_routes() -> Iterable[Any]:  # type: ignore[empty-body]
    """Return Starlette routes, which are served under `/plugins/NAME`.

    Called by the host once at startup. A request needs an API key of a tenant that has the plugin enabled.
    `request.state.context` is the context of the request. Its writes are committed before the response is
    sent. They are rolled back if the route raises or responds with a status of 400 or higher. If the
    transaction conflicts with another one, the route is called again.
    """


@hookspec
@returns(DemoData, is_list=False, at_startup=False)
def register_demo_data() -> DemoData:  # type: ignore[empty-body]
    """Return demo data of the plugin.

    Called by `tenure demo` when it fills the demo tenant, in the order of the plugins, after the core's
    demo data.
    """


@hookspec
async def validate_write(context: Context, writes: WriteSet) -> Iterable[RowError]:  # type: ignore[empty-body]
    """Return an error for each row that must not be written, with the path of the field and a message.

    Called by the write path inside the transaction, before rows of any entity are written, for tenants that
    have the plugin enabled. `writes` contains the rows of one call that passed all other checks. The errors
    of all plugins are combined. Whether the other rows are written depends on the operation.
    """


@hookspec
async def on_change(context: Context, changes: Sequence[Change]) -> None:
    """Process committed changes, in the order of the change feed.

    Called by a worker with the changes of one tenant that has the plugin enabled, starting at the plugin's
    cursor in the change feed. The first cursor is the position at which the plugin was enabled. The changes
    include the plugin's own writes; `origin` identifies them. The cursor advances in the transaction of the
    context: writes through the context take effect exactly once, and other side effects can occur twice. If
    the hook raises, the same changes are delivered again with growing pauses. After too many failures,
    delivery is paused until `pluginChangeListenerResume` is called; `plugins { problems }` shows the
    last error.
    """


@hookspec
async def on_startup() -> None:
    """Create resources that the plugin's code needs while the process runs, such as an HTTP client.

    Called once in each process of the service and each worker, before the first request or job.
    """


@hookspec
async def on_shutdown() -> None:
    """Close the resources that `on_startup` created.

    Called once when the process stops, in reverse order of the plugins, also if the startup failed later.
    """
