"""Claims: what the core and plugins take for themselves, each of which only one may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tenure_core.access.identity import Role
from tenure_core.catalog.external_refs import BY_EXTERNAL_REF
from tenure_core.entities.declaration import Entity
from tenure_core.entities.fields import CompositeDeclaration, FieldDeclaration, ReferenceDeclaration
from tenure_core.entities.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.entities.naming import camel_case
from tenure_core.errors import PluginError
from tenure_core.plugins.plugin import LoadedPlugin
from tenure_core.query.plan.planner import AGGREGATE
from tenure_core.write.operations.batch import WRITES

CORE = "Tenure itself"

PLATFORM_TABLES = (
    "tenant",
    "api_key",
    "external_ref",
    "receipt",
    "field_owner",
    "change",
    "change_default",
    "change_horizon",
    "tenant_plugin",
    "plugin_delivery",
    "plugin_job",
    "alembic_version",
)
"""The tables that the core has beside those of its entities."""


@dataclass(frozen=True)
class ReservedName:
    """Something of which there may be only one.

    Args:
        sort: What it is, such as "entity".
        name: Its name.
        thing: What stands behind the name: who claims the same thing under a name does not contest it.
    """

    sort: str
    name: str
    thing: object = field(default_factory=object)


def check_name_conflicts(plugins: Iterable[LoadedPlugin]) -> None:
    """Return where nothing is claimed twice.

    Raises:
        PluginError: Two plugins, or a plugin and the core, bring something of one name.
    """
    taken: dict[tuple[str, str], tuple[str, object]] = {}
    for owner, claims in ((CORE, _core()), *((plugin.name, _plugin(plugin)) for plugin in plugins)):
        for claim in claims:
            first, thing = taken.setdefault((claim.sort, claim.name), (owner, claim.thing))
            if thing is not claim.thing and thing != claim.thing:
                raise _contested(claim, first, owner)


def _contested(claim: ReservedName, first: str, second: str) -> PluginError:
    if first == second:
        return PluginError(f"The plugin {first} brings the {claim.sort} {claim.name} twice.", "Rename one.")
    return PluginError(
        f"The {claim.sort} {claim.name} is brought by {first} and by {second}.",
        f"Rename it in {second}, or leave one of the two out with TENURE_PLUGINS_DENY.",
    )


def _core() -> Iterator[ReservedName]:
    for entity in CORE_ENTITIES:
        yield from _entity(entity)
    yield from (ReservedName("table", name) for name in PLATFORM_TABLES)
    yield from (ReservedName("activity kind", kind) for kind in ACTIVITY_KINDS)
    yield from (ReservedName("role", role.value) for role in Role)


def _plugin(plugin: LoadedPlugin) -> Iterator[ReservedName]:
    for entity in plugin.entities:
        yield from _entity(entity)
    for one in plugin.computed:
        yield ReservedName("field", f"{one.entity.__name__}.{camel_case(one.name)}")
        yield ReservedName("type", one.scalar_type.name, one.scalar_type)
    yield from (ReservedName("activity kind", kind) for kind in plugin.activity_kinds)
    yield from (ReservedName("role", role.name) for role in plugin.roles)
    yield from (ReservedName("permission", permission.name) for permission in plugin.permissions)
    yield from (ReservedName("job", f"{plugin.name}.{job.name}") for job in plugin.jobs)
    for route in plugin.routes:
        yield from (ReservedName("route", f"/plugins/{plugin.name}{request}") for request in _requests(route))


def _entity(entity: type[Entity]) -> Iterator[ReservedName]:
    name, plural = entity.__name__, entity.__plural__
    singular = name[0].lower() + name[1:]
    yield ReservedName("entity", name)
    yield ReservedName("type", name, entity)
    yield ReservedName("table", entity.__tablename__)
    for root in (singular, f"{singular}{BY_EXTERNAL_REF}", plural, f"{plural}{AGGREGATE}"):
        yield ReservedName("root field", root)
    for mutation in (*(f"{singular}{verb}" for verb in WRITES), f"{plural}BulkUpsert"):
        yield ReservedName("mutation", mutation)
    for one in entity.__fields__:
        yield ReservedName("field", f"{name}.{camel_case(one.name)}")
        yield from _declared(one)


def _declared(one: FieldDeclaration) -> Iterator[ReservedName]:
    if isinstance(one, ReferenceDeclaration):
        back = f"{one.target.__name__}.{camel_case(one.back)}"
        yield from (ReservedName("field", name) for name in (back, f"{back}{AGGREGATE}"))
    elif isinstance(one, CompositeDeclaration):
        yield ReservedName("type", one.type.__name__, one.type)
        for part in one.parts:
            yield from _declared(part)
    elif one.scalar_type is not None:
        yield ReservedName("type", one.scalar_type.name, one.scalar_type)


def _requests(route: object) -> Iterator[str]:
    """Yield what a route of Starlette's answers: its path, with each of its methods."""
    path = getattr(route, "path", route)
    for method in sorted(getattr(route, "methods", None) or ("",)):
        yield f"{path} {method}".strip()
