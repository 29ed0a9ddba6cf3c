"""Access: what an actor may read and write. A missing grant means no."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog, EntityInfo, RoleInfo, ScalarField
from tenure_core.catalog.computed_fields import BatchFieldInfo
from tenure_core.catalog.field_paths import FieldPath
from tenure_core.errors import ForbiddenError


@dataclass(frozen=True)
class EntityGrant:
    """What an actor may do with one entity.

    Args:
        read: Whether its records may be read.
        write: Whether they may be written.
    """

    read: bool = False
    write: bool = False


NO_ACCESS = EntityGrant()


@dataclass(frozen=True, eq=False)
class Grants:
    """What the holders of one role may do; the same object for the same role, so that it can key a cache.

    Args:
        role: Whose grants they are, for messages.
        entities: The grant for each entity; one that is not there grants nothing.
        permissions: What else is allowed.
        plugins: The plugins that the tenant has enabled.
        roles: The roles that those bring, whom else one could be.
    """

    role: str
    entities: Mapping[str, EntityGrant]
    permissions: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    roles: tuple[RoleInfo, ...] = ()

    def may_read(self, entity: EntityInfo) -> bool:
        """Whether records of the entity may be read."""
        return self.entities.get(entity.name, NO_ACCESS).read

    def require_read(self, entity: EntityInfo) -> None:
        """Raise ForbiddenError where records of the entity may not be read."""
        if not self.may_read(entity):
            self.require_plugin(entity.plugin, entity.plural)
            raise ForbiddenError(
                f"The role {self.role} may not read {entity.plural}.", self._readers(entity.name)
            )

    def require_write(self, entity: EntityInfo) -> None:
        """Raise ForbiddenError where records of the entity may not be written."""
        if not self.entities.get(entity.name, NO_ACCESS).write:
            self.require_plugin(entity.plugin, entity.plural)
            raise ForbiddenError(
                f"The role {self.role} may not write {entity.plural}.",
                _role_hint(role.name for role in self.roles if entity.name in role.writes),
            )

    def require_field(self, field: ScalarField | BatchFieldInfo) -> None:
        """Raise ForbiddenError where a computed field, or what it is computed from, may not be read."""
        if field.plugin:
            self.require_plugin(field.plugin, field.name)
            for name in sorted(field.reads):
                if not self.entities.get(name, NO_ACCESS).read:
                    raise ForbiddenError(
                        f"{field.name} is computed from {name}, which the role {self.role} may not read.",
                        self._readers(name),
                    )

    def require_path(self, path: FieldPath, catalog: Catalog) -> None:
        """Raise ForbiddenError where the value at the end of a path may not be read."""
        if path.target:
            self.require_read(catalog[path.target])
        self.require_field(path.field)

    def require_plugin(self, plugin: str, what: str) -> None:
        """Raise ForbiddenError where the tenant has not enabled the plugin that something belongs to."""
        if plugin and plugin not in self.plugins:
            raise ForbiddenError(
                f"{what} belongs to the plugin {plugin}, which is not enabled for this tenant.",
                enable_hint(plugin),
            )

    def require(self, permission: str) -> None:
        """Raise ForbiddenError where a permission is not granted."""
        if permission not in self.permissions:
            raise ForbiddenError(
                f"The role {self.role} lacks the permission {permission}.",
                _role_hint(role.name for role in self.roles if permission in role.permissions),
            )

    def _readers(self, entity: str) -> str:
        able = (role.name for role in self.roles if entity in role.reads | role.writes)
        return _role_hint((Role.READER, *able))


def _role_hint(able: Iterable[str]) -> str:
    """Return as a hint which roles may do something, beside administrators."""
    *first, last = (*able, Role.ADMIN)
    return f"Use a key with the role {', '.join(first)}{' or ' if first else ''}{last}."


def enable_hint(plugin: str) -> str:
    """Return how a plugin is enabled, as one sentence."""
    return f"Enable it with the mutation `pluginEnable` or with `tenure plugin enable {plugin}`."


@dataclass(frozen=True, slots=True)
class TenantGrants:
    """An actor's grants together with the tenant that they hold in.

    Args:
        tenant_id: Whose data.
        grants: What may be done with it.
    """

    tenant_id: uuid.UUID
    grants: Grants


def authorize(actor: Actor, catalog: Catalog) -> TenantGrants:
    """Return what the actor may do, and in which tenant."""
    return TenantGrants(actor.tenant_id, _grants(actor.role, actor.plugins, catalog))


@lru_cache(maxsize=1024)
def _grants(role: str, plugins: frozenset[str], catalog: Catalog) -> Grants:
    present = [e for e in catalog.entities.values() if not e.plugin or e.plugin in plugins]
    roles = tuple(one for one in catalog.roles.values() if one.plugin in plugins)
    if role in (Role.ADMIN, Role.READER):
        granted = dict.fromkeys((e.name for e in present), EntityGrant(read=True, write=role == Role.ADMIN))
        every = {name for name, plugin in catalog.permissions.items() if plugin in plugins}
        permissions = frozenset(every) if role == Role.ADMIN else frozenset()
        return Grants(role, MappingProxyType(granted), permissions, plugins, roles)
    known = next((one for one in roles if one.name == role), None)
    if known is None:
        return Grants(role, MappingProxyType({}), frozenset(), plugins, roles)
    writes = {e.name: EntityGrant(read=True, write=True) for e in present if e.name in known.writes}
    reads = {e.name: EntityGrant(read=True) for e in present if e.name in known.reads}
    return Grants(role, MappingProxyType(reads | writes), known.permissions, plugins, roles)
