"""A plugin for tests of the conformance checks: valid, or with a fault for each type of finding."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import time, timedelta
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID, uuid4

import strawberry
from sqlalchemy import ColumnElement, FromClause, func, select, text
from sqlalchemy.orm import Mapped
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tenure_sdk import (
    INT,
    STRING,
    Account,
    BatchField,
    Change,
    ComputedColumn,
    Context,
    Entity,
    ErrorCode,
    GraphQLParts,
    Job,
    Manifest,
    Permission,
    UserError,
    belongs_to,
    column,
    hookimpl,
)
from tenure_sdk.graphql import (
    EntityRef,
    InputRejectedError,
    ResolverContext,
    SubscriptionContext,
    entity_type,
    list_of,
    platform_type,
)

Info = strawberry.Info[ResolverContext]
Live = strawberry.Info[SubscriptionContext]
Identity = Annotated[strawberry.ID, strawberry.argument(description="The id of the record.")]

SELL = "garage.sell"


class Garage(Entity):
    """A workshop for cars."""

    account: Mapped[Account] = belongs_to(back="garages")
    name: Mapped[str] = column(unique=True, max_length=100)


class GarageCar(Entity):
    """A car in a garage."""

    garage: Mapped[Garage] = belongs_to(back="cars")
    plate: Mapped[str] = column(unique=True, max_length=60)
    mileage: Mapped[int | None] = column(minimum=0)


def count_cars(garage: FromClause) -> ColumnElement[Any]:
    car = GarageCar.__table__
    is_in_garage = (car.c.tenant_id == garage.c.tenant_id) & (car.c.garage_id == garage.c.id)
    return select(func.count()).select_from(car).where(is_in_garage).scalar_subquery()


def count_all_cars(garage: FromClause) -> ColumnElement[Any]:
    car = GarageCar.__table__
    return select(func.count()).select_from(car).where(car.c.mileage.is_not(None)).scalar_subquery()


async def compute_titles(_: Context, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"Car {row['plate']}" for row in rows]


async def compute_titles_one_by_one(context: Context, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    statement = select(GarageCar.plate)
    return [await context.session.scalar(statement.where(GarageCar.id == row["id"])) for row in rows]


def batch_field(name: str, compute: Any) -> BatchField:
    return BatchField(
        entity=GarageCar,
        name=name,
        scalar_type=STRING,
        doc="The display name.",
        required_columns=("id", "plate"),
        compute=compute,
    )


def computed_column(name: str, expression: Any) -> ComputedColumn:
    return ComputedColumn(
        entity=Garage, name=name, scalar_type=INT, doc="The number of cars.", expression=expression
    )


@strawberry.type
class ValidQuery:
    @strawberry.field(graphql_type=list_of(entity_type("Garage")), description="Garages with cars.")
    async def garages_with_cars(self, info: Info) -> list[EntityRef]:
        ids = await info.context.session.scalars(select(GarageCar.garage_id).distinct())
        return [EntityRef(Garage, identity) for identity in sorted(ids)]


@strawberry.type
class Owner:
    garage: strawberry.ID = strawberry.field(description="The garage.")

    @strawberry.field(description="The name of the account.")
    async def account_name(self, info: Info) -> str | None:
        garage = await info.context.session.get(Garage, UUID(str(self.garage)))
        account = await info.context.session.get(Account, garage.account_id) if garage else None
        return account and account.name

    @strawberry.field(description="The number of cars of a colour.")
    async def cars_painted(self, colour: str) -> int:
        return len(colour)


CACHED_PLATES: list[str] = []
"""Data that a resolver keeps between requests of all tenants."""


@strawberry.type
class FaultyQuery:
    @strawberry.field(description="The owners of garages; executes two statements for each.")
    async def garage_owners(self, info: Info) -> list[Owner]:
        info.context.require(SELL)
        return [Owner(garage=identity) for identity in await info.context.session.scalars(select(Garage.id))]

    @strawberry.field(description="The plates of the tenant that sent the first request.")
    async def first_plates(self, info: Info) -> list[str]:
        info.context.require(SELL)
        if not CACHED_PLATES:
            CACHED_PLATES.extend(await info.context.session.scalars(select(GarageCar.plate)))
        return CACHED_PLATES

    @strawberry.field(description="The name of a garage, without a check of permissions.")
    async def garage_name(self, info: Info, id: Identity) -> str | None:
        statement = text("SELECT name FROM garage WHERE id = :id")
        return await info.context.session.scalar(statement, {"id": id})


@strawberry.type
class Parking:
    user_errors: list[UserError] = strawberry.field(
        graphql_type=list_of(platform_type("UserError")),
        description="The reasons for a rejection.",
        default_factory=list,
    )


@strawberry.type
class FaultyMutation:
    @strawberry.mutation(description="Renames a garage, without a check of permissions.")
    async def garage_rename(self, info: Info, id: Identity) -> bool:
        rename = text("UPDATE garage SET name = clock_timestamp() WHERE id = :id")
        await info.context.session.execute(rename, {"id": id})
        return True

    @strawberry.mutation(description="Washes a car, and fails.")
    async def garage_car_wash(self, info: Info, id: Identity) -> bool:
        info.context.require(SELL)
        raise LookupError("no water")

    @strawberry.mutation(description="Returns the plate of a car of any tenant.")
    async def garage_car_inspect(self, info: Info, id: Identity) -> str | None:
        info.context.require(SELL)
        statement = text("SELECT plate FROM garage_car WHERE id = :id")
        return await info.context.session.scalar(statement, {"id": id})

    @strawberry.mutation(description="Rejects every input.")
    async def garage_car_park(self, info: Info, id: Identity) -> Parking:
        info.context.require(SELL)
        raise InputRejectedError([UserError(ErrorCode.REJECTED, ("id",), "No space is available.")])

    @strawberry.mutation(description="Paints a car.")
    async def garage_car_paint(self, info: Info, at: time) -> bool:
        info.context.require(SELL)
        return True


@strawberry.type
class ValidMutation:
    @strawberry.mutation(description="Sells a car.")
    async def garage_car_sell(self, info: Info, id: Identity) -> bool:
        info.context.require(SELL)
        car = await info.context.session.get(GarageCar, UUID(id))
        if car is None:
            return False
        car.mileage = None
        return True


@strawberry.type
class ValidSubscription:
    @strawberry.subscription(graphql_type=entity_type(Garage), description="Garages that change.")
    async def garage_changed(self, info: Live) -> AsyncGenerator[EntityRef]:
        async for change in info.context.changes(Garage):
            yield EntityRef(Garage, change.id)


@strawberry.type
class FaultySubscription(ValidSubscription):
    @strawberry.subscription(description="New garages of all tenants, without a check of permissions.")
    async def garage_opened(self, info: Live) -> AsyncGenerator[str]:
        sent: set[str] = set()
        while True:
            async with info.context.open_snapshot() as context:
                names = set(await context.session.scalars(text("SELECT name FROM garage")))
            for name in names - sent:
                yield name
            sent |= names
            await asyncio.sleep(0.1)

    @strawberry.subscription(description="Always fails.")
    async def garage_closed(self, info: Live) -> AsyncGenerator[str]:
        info.context.require(SELL)
        raise LookupError("no key")
        yield ""


VALID_PARTS = GraphQLParts(query=ValidQuery, mutation=ValidMutation, subscription=ValidSubscription)
FAULTY_PARTS = GraphQLParts(query=FaultyQuery, mutation=FaultyMutation, subscription=FaultySubscription)


async def list_plates(request: Request) -> Response:
    context: Context = request.state.context
    context.require_read(GarageCar)
    return JSONResponse(list(await context.session.scalars(select(GarageCar.plate))))


async def read_plate(request: Request) -> Response:
    """Return the plate of a car of any tenant, without a check of permissions."""
    statement = text("SELECT plate FROM garage_car WHERE id = :id")
    plate = await request.state.context.session.scalar(statement, request.path_params)
    return JSONResponse(plate, 200 if plate else 404)


async def list_plates_one_by_one(request: Request) -> Response:
    context: Context = request.state.context
    context.require_read(GarageCar)
    cars = await context.session.scalars(select(GarageCar.id))
    return JSONResponse([(await context.session.get(GarageCar, car)).plate for car in cars.all()])  # type: ignore[union-attr]


async def scrap(request: Request) -> Response:
    """Change a car of any tenant, without a check of permissions."""
    statement = text("UPDATE garage_car SET mileage = 1 + coalesce(mileage, 0) WHERE id = :id")
    await request.state.context.session.execute(statement, {"id": request.path_params["garage_car_id"]})
    return JSONResponse({})


async def weigh(request: Request) -> Response:
    """Require a weight, which generated requests do not contain."""
    request.state.context.require(SELL)
    return JSONResponse({}, 200 if "weight" in await request.json() else 400)


VALID_ROUTES = [Route("/plates", list_plates)]
FAULTY_ROUTES = [
    *VALID_ROUTES,
    Route("/plates/slow", list_plates_one_by_one),
    Mount("/garage-cars", routes=[Route("/{id}/plate", read_plate)]),
    Route("/scrap/{garage_car_id}", scrap, methods=["POST"]),
    Route("/weigh", weigh, methods=["POST"]),
]


async def drive_all_cars(context: Context) -> None:
    """Change the cars of all tenants."""
    await context.session.execute(text("UPDATE garage_car SET mileage = 1 + coalesce(mileage, 0)"))


async def sweep(_: Context) -> None:
    raise LookupError("no broom")


def create_job(run: Callable[[Context], Awaitable[None]]) -> Job:
    return Job(name=run.__name__, doc="A job.", run=run, every=timedelta(days=1))


async def upsert_first_cars(context: Context, changes: Sequence[Change]) -> None:
    """Upsert a car for each garage, with a key derived from the id of the garage."""
    rows = [
        {
            "match": {"externalRef": {"system": "garage", "id": str(change.id)}},
            "garage": {"id": str(change.id)},
            "plate": f"first of {change.id}",
        }
        for change in changes
        if change.entity == "Garage" and change.after and not change.after.get("deletedAt")
    ]
    await context.write.upsert(GarageCar, rows)


async def create_further_cars(context: Context, changes: Sequence[Change]) -> None:
    """Create another car for each garage at each delivery."""
    rows = [
        {"garage": {"id": str(change.id)}, "plate": f"another {uuid4()}"}
        for change in changes
        if change.entity == "Garage"
    ]
    await context.write.create(GarageCar, rows)


async def write_endlessly(context: Context, changes: Sequence[Change]) -> None:
    """Change each changed car again."""
    for change in changes:
        car = await context.session.get(GarageCar, change.id)
        if car is not None:
            car.mileage = (car.mileage or 0) + 1


def garage_plugin(**hooks: Any) -> SimpleNamespace:
    """Return the plugin with its entities, its permission, and other hooks."""
    manifest = Manifest(name="garage", version="1.0.0", tenure=">=0.1", doc="Garages and the cars in them.")
    defaults: dict[str, Any] = {
        "register_entities": lambda: [Garage, GarageCar],
        "register_roles": lambda: [Permission(name=SELL, doc="Sell cars.")],
    }
    marked = {name: hookimpl(function) for name, function in {**defaults, **hooks}.items()}
    return SimpleNamespace(MANIFEST=manifest, **marked)


def valid_plugin() -> SimpleNamespace:
    """Return the plugin without faults."""
    return garage_plugin(
        register_computed_fields=lambda: [
            computed_column("cars_counted", count_cars),
            batch_field("title", compute_titles),
        ],
        register_graphql=lambda: VALID_PARTS,
        register_routes=lambda: VALID_ROUTES,
        on_change=upsert_first_cars,
    )


def faulty_plugin() -> SimpleNamespace:
    """Return the plugin with valid parts and with faults that occur at run time."""
    computed = [
        computed_column("cars_counted", count_cars),
        computed_column("cars_of_all", count_all_cars),
        batch_field("title", compute_titles),
        batch_field("slow_title", compute_titles_one_by_one),
    ]
    return garage_plugin(
        register_computed_fields=lambda: computed,
        register_graphql=lambda: FAULTY_PARTS,
        register_routes=lambda: FAULTY_ROUTES,
        register_jobs=lambda: [create_job(sweep)],
        on_change=create_further_cars,
    )
