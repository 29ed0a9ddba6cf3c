"""Root fields and subscriptions of the pack, in addition to those generated for its entities."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_manufacturing.maintenance.due_lists import load_due_equipment, load_expiring_contracts
from tenure_sdk import GraphQLParts
from tenure_sdk.graphql import EntityRef, ResolverContext, SubscriptionContext, entity_type, list_of

QueryInfo = strawberry.Info[ResolverContext]
SubscriptionInfo = strawberry.Info[SubscriptionContext]
Days = Annotated[int, strawberry.argument(description="Number of days to look ahead, from 0 to 3,650.")]


async def _resolve_due_equipment(info: QueryInfo, within: Days) -> list[EntityRef]:
    rows = await load_due_equipment(info.context, within)
    return [EntityRef(Equipment, row.id) for row in rows]


async def _resolve_expiring_contracts(info: QueryInfo, within: Days) -> list[EntityRef]:
    ids = await load_expiring_contracts(info.context, within)
    return [EntityRef(ServiceContract, id) for id in ids]


async def _stream_breaches(info: SubscriptionInfo) -> AsyncGenerator[EntityRef]:
    async for change in info.context.changes(WorkOrder):
        if (change.after or {}).get("responseBreachedAt"):
            yield EntityRef(WorkOrder, change.id)


@strawberry.type
class ManufacturingQuery:
    """Query fields of the manufacturing pack."""

    equipment_due_for_service: list[EntityRef] = strawberry.field(
        resolver=_resolve_due_equipment,
        graphql_type=list_of(entity_type(Equipment)),
        description="Equipment with a maintenance plan that is overdue or due within a number of days, most "
        "urgent first; at most 1,000. Retired equipment and inactive plans are not included.",
    )
    contracts_up_for_renewal: list[EntityRef] = strawberry.field(
        resolver=_resolve_expiring_contracts,
        graphql_type=list_of(entity_type(ServiceContract)),
        description="Active service contracts whose `renewsOn` is within a number of days from today, the "
        "earliest first; at most 1,000.",
    )


@strawberry.type
class ManufacturingSubscription:
    """Subscription fields of the manufacturing pack."""

    response_breaches: AsyncGenerator[EntityRef] = strawberry.subscription(
        resolver=_stream_breaches,
        graphql_type=entity_type(WorkOrder) | None,
        description="Work orders that breach the agreed response time. A work order is sent at every change "
        "while its `responseBreachedAt` is set.",
    )


PARTS = GraphQLParts(query=ManufacturingQuery, subscription=ManufacturingSubscription)
