"""Grants: the operations that a caller may perform on each entity, and the rows they apply to.

A missing grant denies access. The planner, the write path and the features of the schema check grants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from tenure_core.access.identity import Actor, Role
from tenure_core.catalog.catalog import Catalog, EntityInfo, RoleInfo
from tenure_core.catalog.field_paths import FieldPath
from tenure_core.catalog.fields import Field
from tenure_core.catalog.predicates import ALL_ROWS, Predicate
from tenure_core.errors import ForbiddenError


class EntityOperation(StrEnum):
    """An operation on the records of an entity that a grant allows."""

    READ = "READ"
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    PURGE = "PURGE"


READ_ONLY = frozenset([EntityOperation.READ])
ALL_OPERATIONS = frozenset(EntityOperation)
WRITE_OPERATIONS = ALL_OPERATIONS - READ_ONLY


@dataclass(frozen=True)
class EntityGrant:
    """What a caller may do with one entity.

    Args:
        operations: The allowed operations.
        rows: The rows that the operations apply to; all rows by default.
    """

    operations: frozenset[EntityOperation] = frozenset()
    rows: Predicate = ALL_ROWS


NO_ACCESS = EntityGrant()


@dataclass(frozen=True, eq=False)
class Grants:
    """What a caller may do. Grants with equal content are one object, so that they can key caches of plans.

    Args:
        role: Name of the role, for messages.
        entities: Grants by entity name; a missing entity grants nothing.
        permissions: Names of the permissions that plugins check.
        plugins: Plugins that the tenant has enabled.
        roles: Roles of these plugins, for hints.
    """

    role: str
    entities: Mapping[str, EntityGrant]
    permissions: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    roles: tuple[RoleInfo, ...] = ()

    def may_read(self, entity: EntityInfo) -> bool:
        """Return whether records of the entity may be read."""
        return self._may_read_named(entity.name)

    def rows(self, entity: EntityInfo) -> Predicate:
        """Return the row rule of the entity's grant; `access.visibility` adds what else hides a row."""
        return self.entities.get(entity.name, NO_ACCESS).rows

    def require_read(self, entity: EntityInfo) -> None:
        """Check that records of the entity may be read.

        Raises:
            ForbiddenError: They may not, or the tenant has not enabled the entity's plugin.
        """
        if not self.may_read(entity):
            self.require_plugin(entity.plugin, entity.plural)
            raise ForbiddenError(
                f"The role {self.role} may not read {entity.plural}.", self._read_hint(entity.name)
            )

    def require_write(self, entity: EntityInfo, *operations: EntityOperation) -> None:
        """Check that records of the entity may be written.

        Args:
            entity: The entity.
            operations: The operations that are about to be performed; by default all write operations.

        Raises:
            ForbiddenError: One of them is not granted, or the tenant has not enabled the entity's plugin.
        """
        required = frozenset(operations) or WRITE_OPERATIONS
        if not required <= self.entities.get(entity.name, NO_ACCESS).operations:
            self.require_plugin(entity.plugin, entity.plural)
            raise ForbiddenError(
                f"The role {self.role} may not write {entity.plural}.",
                _role_hint(role.name for role in self.roles if entity.name in role.writes),
            )

    def require_field(self, field: Field) -> None:
        """Check that a field may be read. A computed field needs the entities that it is computed from.

        Raises:
            ForbiddenError: One of them may not be read, or the tenant has not enabled the field's plugin.
        """
        if field.plugin:
            self.require_plugin(field.plugin, field.name)
            for name in sorted(field.reads):
                if not self._may_read_named(name):
                    raise ForbiddenError(
                        f"{field.name} is computed from {name}, which the role {self.role} may not read.",
                        self._read_hint(name),
                    )

    def require_path(self, path: FieldPath, catalog: Catalog) -> None:
        """Check that the value at the end of a path may be read.

        Raises:
            ForbiddenError: It may not.
        """
        if path.target:
            self.require_read(catalog[path.target])
        self.require_field(path.field)

    def require_plugin(self, plugin: str, what: str) -> None:
        """Check that the tenant has enabled a plugin.

        Args:
            plugin: Name of the plugin; "" for the core, which is always enabled.
            what: What belongs to the plugin, for the message.

        Raises:
            ForbiddenError: The tenant has not enabled it.
        """
        if plugin and plugin not in self.plugins:
            raise ForbiddenError(
                f"{what} belongs to the plugin {plugin}, which is not enabled for this tenant.",
                enable_hint(plugin),
            )

    def require(self, permission: str) -> None:
        """Check that a permission is granted.

        Raises:
            ForbiddenError: It is not.
        """
        if permission not in self.permissions:
            raise ForbiddenError(
                f"The role {self.role} lacks the permission {permission}.",
                _role_hint(role.name for role in self.roles if permission in role.permissions),
            )

    def _may_read_named(self, entity: str) -> bool:
        return EntityOperation.READ in self.entities.get(entity, NO_ACCESS).operations

    def _read_hint(self, entity: str) -> str:
        readers = (role.name for role in self.roles if entity in role.reads | role.writes)
        return _role_hint((Role.READER, *readers))


def _role_hint(roles: Iterable[str]) -> str:
    """Return the hint that names the roles with a permission. Administrators always have it."""
    *first, last = (*roles, Role.ADMIN)
    return f"Use a key with the role {', '.join(first)}{' or ' if first else ''}{last}."


def enable_hint(plugin: str) -> str:
    """Return the hint that states how to enable a plugin."""
    return f"Enable it with the mutation `pluginEnable` or with `tenure plugin enable {plugin}`."


def authorize(actor: Actor, catalog: Catalog) -> Grants:
    """Return the grants of an actor."""
    return _role_grants(actor.role, actor.plugins, catalog)


@lru_cache(maxsize=1024)
def _role_grants(role: str, plugins: frozenset[str], catalog: Catalog) -> Grants:
    roles = tuple(info for info in catalog.roles.values() if info.plugin in plugins)
    every = frozenset(name for name, plugin in catalog.permissions.items() if plugin in plugins)
    info = next((info for info in roles if info.name == role), None)
    permissions = every if role == Role.ADMIN else info.permissions if info else frozenset()
    return intern_grants(role, entity_grants(role, plugins, catalog), permissions, plugins, roles)


def entity_grants(role: str, plugins: frozenset[str], catalog: Catalog) -> Mapping[str, EntityGrant]:
    """Return the grants of a role by entity name, for the entities of the core and of some plugins.

    The row rule of a role is set here, as `EntityGrant.rows`. The present roles have none.
    """
    names = [e.name for e in catalog.entities.values() if not e.plugin or e.plugin in plugins]
    if role in (Role.ADMIN, Role.READER):
        return dict.fromkeys(names, EntityGrant(ALL_OPERATIONS if role == Role.ADMIN else READ_ONLY))
    info = catalog.roles.get(role)
    if info is None or info.plugin not in plugins:
        return {}
    reads = {name: EntityGrant(READ_ONLY) for name in names if name in info.reads}
    return reads | {name: EntityGrant(ALL_OPERATIONS) for name in names if name in info.writes}


def intern_grants(
    role: str,
    entities: Mapping[str, EntityGrant],
    permissions: frozenset[str],
    plugins: frozenset[str],
    roles: tuple[RoleInfo, ...],
) -> Grants:
    """Return grants with the given content; equal content returns the same object."""
    return _interned_grants(role, frozenset(entities.items()), permissions, plugins, roles)


@lru_cache(maxsize=1024)
def _interned_grants(
    role: str,
    entities: frozenset[tuple[str, EntityGrant]],
    permissions: frozenset[str],
    plugins: frozenset[str],
    roles: tuple[RoleInfo, ...],
) -> Grants:
    return Grants(role, MappingProxyType(dict(entities)), permissions, plugins, roles)
