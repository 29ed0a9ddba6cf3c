"""The API for GraphQL types of plugins: references to types of the platform, and the contexts of resolvers.

A root field that returns records; the platform resolves their fields:

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
from tenure_schema.plugins.resolver_contexts import InputRejectedError, ResolverContext, SubscriptionContext
from tenure_schema.plugins.type_references import entity_type, platform_type
from tenure_schema.types.builder import list_of
from tenure_schema.types.scalars import BigInt

__all__ = [
    "BigInt",
    "EntityRef",
    "InputRejectedError",
    "ResolverContext",
    "SubscriptionContext",
    "entity_type",
    "list_of",
    "platform_type",
    "record_id",
]


def record_id(value: str) -> UUID:
    """Return the record id in an argument or input field of the type ID.

    Args:
        value: The value that the client has sent.

    Raises:
        BadUserInputError: The value is not a record id. The client receives the message.

    Example:
        vehicle = await info.context.load(Vehicle, record_id(input.id))
    """
    try:
        return UUID(str(ID.parse(value)))
    except ValueError as error:
        raise BadUserInputError(f"{error}.") from None
