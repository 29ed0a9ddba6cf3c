"""GraphQL: the pack's own root fields, beside those that follow from its entities."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.due_lists import contracts_up_for_renewal, equipment_due_for_service
from tenure_sdk import GraphQLParts
from tenure_sdk.graphql import EntityRef, ResolverContext, SubscriptionContext, entity_type, list_of

Info = strawberry.Info[ResolverContext]
Live = strawberry.Info[SubscriptionContext]
Days = Annotated[int, strawberry.argument(description="How many days to look ahead.")]


async def _equipment_due(info: Info, within: Days) -> list[EntityRef]:
    found = await equipment_due_for_service(info.context, within)
    return [EntityRef(Equipment, one.id) for one in found]


async def _contracts_ending(info: Info, within: Days) -> list[EntityRef]:
    found = await contracts_up_for_renewal(info.context, within)
    return [EntityRef(ServiceContract, one) for one in found]


async def _breaches(info: Live) -> AsyncGenerator[EntityRef]:
    async for change in info.context.changes(WorkOrder):
        if (change.after or {}).get("responseBreachedAt"):
            yield EntityRef(WorkOrder, change.id)


@strawberry.type
class ManufacturingQuery:
    """Questions about maintenance."""

    equipment_due_for_service: list[EntityRef] = strawberry.field(
        resolver=_equipment_due,
        graphql_type=list_of(entity_type(Equipment)),
        description="The equipment whose plans are due within some days or overdue, the most urgent first.",
    )
    contracts_up_for_renewal: list[EntityRef] = strawberry.field(
        resolver=_contracts_ending,
        graphql_type=list_of(entity_type(ServiceContract)),
        description="The active contracts that end within some days, the most urgent first.",
    )


@strawberry.type
class ManufacturingSubscription:
    """What is told as it happens."""

    response_breaches: AsyncGenerator[EntityRef] = strawberry.subscription(
        resolver=_breaches,
        graphql_type=entity_type(WorkOrder) | None,
        description="The work orders whose promised response is late, as it is seen.",
    )


PARTS = GraphQLParts(query=ManufacturingQuery, subscription=ManufacturingSubscription)
