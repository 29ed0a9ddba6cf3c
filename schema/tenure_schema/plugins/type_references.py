"""Platform types: how plugins' own Strawberry types name the types that the platform makes at the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from strawberry.types.lazy_type import LazyType

from tenure_core.entities.declaration import Entity
from tenure_core.errors import PluginError
from tenure_schema.types.builder import GraphQLType, TypeRegistry


@dataclass(frozen=True)
class PlatformType(LazyType[Any, Any]):
    """Stands for a type of the platform until a schema is built, in which it is looked up by its name."""

    module: str = __name__
    building: ClassVar[TypeRegistry] = TypeRegistry()

    def resolve_type(self) -> type:
        """Return the type that the schema has.

        Raises:
            PluginError: It has none of the name.
        """
        if self.type_name not in self.building.named:
            raise PluginError(
                f"The schema has no type {self.type_name} of the platform.",
                "Name an entity, an enum of an entity's field, Money or UserError, and load its plugin.",
            )
        return self.building.named[self.type_name]


def platform_type(name: str) -> GraphQLType:
    """Return what stands for a type of the platform: "Money", "UserError", or the enum of an entity's field.

    Args:
        name: Its name in the API.

    Example:
        user_errors: list[UserError] = strawberry.field(graphql_type=list_of(platform_type("UserError")))
    """
    return PlatformType(name)


def entity_type(entity: type[Entity] | str) -> GraphQLType:
    """Return what stands for the type of an entity: fields of it are resolved to an `EntityRef`.

    Args:
        entity: The entity, or its name.

    Example:
        @strawberry.field(graphql_type=list_of(entity_type(Equipment)), description="...")
        async def equipment_due(self, info: Info) -> list[EntityRef]: ...
    """
    return PlatformType(entity if isinstance(entity, str) else entity.__name__)
