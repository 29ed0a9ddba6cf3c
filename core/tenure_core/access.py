"""Access: what an actor may read and write. A missing grant means no."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tenure_core.catalog import Catalog, EntityInfo
from tenure_core.errors import ForbiddenError
from tenure_core.identity import Actor, Role


@dataclass(frozen=True)
class EntityGrant:
    """What an actor may do with one entity.

    Args:
        read: Whether its records may be read.
        write: Whether they may be written.
    """

    read: bool = False
    write: bool = False


NOTHING = EntityGrant()


@dataclass(frozen=True, eq=False)
class Grants:
    """What the holders of one role may do; the same object for the same role, so that it can key a cache.

    Args:
        role: Whose grants they are, for messages.
        entities: The grant for each entity; one that is not there grants nothing.
    """

    role: Role
    entities: Mapping[str, EntityGrant]

    def may_read(self, entity: EntityInfo) -> bool:
        """Whether records of the entity may be read."""
        return self.entities.get(entity.name, NOTHING).read

    def require_read(self, entity: EntityInfo) -> None:
        """Raise ForbiddenError where records of the entity may not be read."""
        if not self.may_read(entity):
            raise ForbiddenError(
                f"The role {self.role} may not read {entity.plural}.", "Use a key with another role."
            )

    def require_write(self, entity: EntityInfo) -> None:
        """Raise ForbiddenError where records of the entity may not be written."""
        if not self.entities.get(entity.name, NOTHING).write:
            raise ForbiddenError(
                f"The role {self.role} may not write {entity.plural}.", "Use a key with the role admin."
            )


@dataclass(frozen=True, slots=True)
class Authorized:
    """An actor's grants together with the tenant that they hold in.

    Args:
        tenant_id: Whose data.
        grants: What may be done with it.
    """

    tenant_id: uuid.UUID
    grants: Grants


def authorize(actor: Actor, catalog: Catalog) -> Authorized:
    """Return what the actor may do, and in which tenant."""
    return Authorized(actor.tenant_id, _grants(actor.role, catalog))


@lru_cache(maxsize=64)
def _grants(role: Role, catalog: Catalog) -> Grants:
    grant = EntityGrant(read=True, write=role is Role.ADMIN)
    return Grants(role, MappingProxyType(dict.fromkeys(catalog.entities, grant)))
