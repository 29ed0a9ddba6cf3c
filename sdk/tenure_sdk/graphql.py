"""What plugins' own Strawberry types need of the platform: how they name its types, and what resolvers get.

A root field that answers with records, of which the platform reads the rest:

    import strawberry
    from tenure_sdk.graphql import EntityRef, ResolverContext, entity_type, list_of

    @strawberry.type
    class FleetQuery:
        @strawberry.field(graphql_type=list_of(entity_type("Vehicle")), description="The oldest vehicles.")
        async def oldest_vehicles(self, info: strawberry.Info[ResolverContext]) -> list[EntityRef]:
            ...
"""

from uuid import UUID

from tenure_core.entities.scalar_types import ID
from tenure_core.errors import BadUserInputError
from tenure_schema.plugins.entity_refs import EntityRef
from tenure_schema.plugins.resolver_contexts import InputRefusedError, ResolverContext, SubscriptionContext
from tenure_schema.plugins.type_references import entity_type, platform_type
from tenure_schema.types.builder import list_of
from tenure_schema.types.scalars import BigInt

__all__ = [
    "BigInt",
    "EntityRef",
    "InputRefusedError",
    "ResolverContext",
    "SubscriptionContext",
    "entity_type",
    "list_of",
    "platform_type",
    "record_id",
]


def record_id(given: str) -> UUID:
    """Return the id of a record that a client has sent.

    Args:
        given: An argument, or a field of an input, of the type ID.

    Raises:
        BadUserInputError: It is no id; the client is told so.

    Example:
        vehicle = await info.context.load(Vehicle, record_id(input.id))
    """
    try:
        return UUID(str(ID.parse(given)))
    except ValueError as error:
        raise BadUserInputError(f"{error}.") from None
