"""References to platform types in plugins' Strawberry types; platform types are generated at startup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from strawberry.types.lazy_type import LazyType

from tenure_core.entities.declaration import Entity
from tenure_core.errors import PluginError
from tenure_schema.types.builder import GraphQLType, TypeRegistry


@dataclass(frozen=True)
class PlatformType(LazyType[Any, Any]):
    """A lazy reference to a platform type, resolved by name when the schema is built."""

    module: str = __name__
    building: ClassVar[TypeRegistry] = TypeRegistry()

    def resolve_type(self) -> type:
        """Return the type.

        Raises:
            PluginError: The schema has no platform type of this name.
        """
        if self.type_name not in self.building.named:
            raise PluginError(
                f"The platform has no type {self.type_name}.",
                "Use an entity, an enum of an entity's field, Money or UserError, and load its plugin.",
            )
        return self.building.named[self.type_name]


def platform_type(name: str) -> GraphQLType:
    """Return a reference to a platform type: "Money", "UserError", or the enum of an entity's field.

    Args:
        name: The name in the API.

    Example:
        user_errors: list[UserError] = strawberry.field(graphql_type=list_of(platform_type("UserError")))
    """
    return PlatformType(name)


def entity_type(entity: type[Entity] | str) -> GraphQLType:
    """Return a reference to the type of an entity. Resolvers of such fields return an `EntityRef`.

    Args:
        entity: The entity, or its name.

    Example:
        @strawberry.field(graphql_type=list_of(entity_type(Equipment)), description="...")
        async def equipment_due(self, info: Info) -> list[EntityRef]: ...
    """
    return PlatformType(entity if isinstance(entity, str) else entity.__name__)
