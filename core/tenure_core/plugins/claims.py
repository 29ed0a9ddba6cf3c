"""Claims: what plugins take for themselves, each of which only one may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenure_core.errors import PluginError
from tenure_core.identity import Role
from tenure_core.model import ACTIVITY_KINDS, CORE_ENTITIES
from tenure_core.plugins.loaded import LoadedPlugin

CORE = "Tenure itself"

Claim = tuple[str, str]
"""What is claimed: its sort, such as "entity", and its name."""


def refuse_contested(plugins: Iterable[LoadedPlugin]) -> None:
    """Return where nothing is claimed twice.

    Raises:
        PluginError: Two plugins, or a plugin and the core, bring something of one name.
    """
    owners = dict.fromkeys(_core_claims(), CORE)
    for plugin in plugins:
        for claim in _claims(plugin):
            if claim in owners:
                sort, name = claim
                raise PluginError(
                    f"The {sort} {name} is brought by {owners[claim]} and by {plugin.name}.",
                    f"Rename it in {plugin.name}, or leave one of the two out with TENURE_PLUGINS_DENY.",
                )
            owners[claim] = plugin.name


def _core_claims() -> Iterator[Claim]:
    yield from (("entity", entity.__name__) for entity in CORE_ENTITIES)
    yield from (("activity kind", kind) for kind in ACTIVITY_KINDS)
    yield from (("role", role.value) for role in Role)


def _claims(plugin: LoadedPlugin) -> Iterator[Claim]:
    yield from (("entity", entity.__name__) for entity in plugin.entities)
    yield from (("field", f"{one.entity.__name__}.{one.name}") for one in plugin.computed_columns)
    yield from (("field", f"{one.entity.__name__}.{one.name}") for one in plugin.computed_fields)
    yield from (("activity kind", kind) for kind in plugin.activity_kinds)
    yield from (("role", role.name) for role in plugin.roles)
    yield from (("permission", permission.name) for permission in plugin.permissions)
    yield from (("job", f"{plugin.name}.{job.name}") for job in plugin.jobs)
