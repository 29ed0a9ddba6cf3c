"""A plugin for tests of the kit: sound, or with one fault for each thing that the kit has to find."""

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
    InputRefusedError,
    ResolverContext,
    SubscriptionContext,
    entity_type,
    list_of,
    platform_type,
)

Info = strawberry.Info[ResolverContext]
Live = strawberry.Info[SubscriptionContext]
Identity = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]

SELL = "garage.sell"


class Garage(Entity):
    """A place where cars are mended."""

    account: Mapped[Account] = belongs_to(back="garages")
    name: Mapped[str] = column(unique=True, max_length=100)


class GarageCar(Entity):
    """A car in a garage."""

    garage: Mapped[Garage] = belongs_to(back="cars")
    plate: Mapped[str] = column(unique=True, max_length=60)
    mileage: Mapped[int | None] = column(minimum=0)


def cars_of(garage: FromClause) -> ColumnElement[Any]:
    car = GarageCar.__table__
    own = (car.c.tenant_id == garage.c.tenant_id) & (car.c.garage_id == garage.c.id)
    return select(func.count()).select_from(car).where(own).scalar_subquery()


def all_cars(garage: FromClause) -> ColumnElement[Any]:
    car = GarageCar.__table__
    return select(func.count()).select_from(car).where(car.c.mileage.is_not(None)).scalar_subquery()


async def titles(_: Context, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"Car {row['plate']}" for row in rows]


async def titles_one_by_one(context: Context, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    statement = select(GarageCar.plate)
    return [await context.session.scalar(statement.where(GarageCar.id == row["id"])) for row in rows]


def coded(name: str, compute: Any) -> BatchField:
    needs = ("id", "plate")
    return BatchField(
        entity=GarageCar,
        name=name,
        scalar_type=STRING,
        doc="What to call it.",
        required_columns=needs,
        compute=compute,
    )


def counted(name: str, expression: Any) -> ComputedColumn:
    return ComputedColumn(
        entity=Garage, name=name, scalar_type=INT, doc="How many cars.", expression=expression
    )


@strawberry.type
class SoundQuery:
    @strawberry.field(graphql_type=list_of(entity_type("Garage")), description="Those with the most cars.")
    async def garages_with_cars(self, info: Info) -> list[EntityRef]:
        found = await info.context.session.scalars(select(GarageCar.garage_id).distinct())
        return [EntityRef(Garage, identity) for identity in sorted(found)]


@strawberry.type
class Owner:
    garage: strawberry.ID = strawberry.field(description="The garage.")

    @strawberry.field(description="The name of its account.")
    async def account_name(self, info: Info) -> str | None:
        garage = await info.context.session.get(Garage, UUID(str(self.garage)))
        account = await info.context.session.get(Account, garage.account_id) if garage else None
        return account and account.name

    @strawberry.field(description="How many cars of a colour are there.")
    async def cars_painted(self, colour: str) -> int:
        return len(colour)


KEPT: list[str] = []
"""What a resolver keeps between requests, for whoever comes next."""


@strawberry.type
class FaultyQuery:
    @strawberry.field(description="Who owns garages: a statement or two for each.")
    async def garage_owners(self, info: Info) -> list[Owner]:
        info.context.require(SELL)
        return [Owner(garage=one) for one in await info.context.session.scalars(select(Garage.id))]

    @strawberry.field(description="The plates that were asked for first, whoever asked.")
    async def first_plates(self, info: Info) -> list[str]:
        info.context.require(SELL)
        if not KEPT:
            KEPT.extend(await info.context.session.scalars(select(GarageCar.plate)))
        return KEPT

    @strawberry.field(description="A garage's name, for anybody.")
    async def garage_name(self, info: Info, id: Identity) -> str | None:
        named = text("SELECT name FROM garage WHERE id = :id")
        return await info.context.session.scalar(named, {"id": id})


@strawberry.type
class Parking:
    user_errors: list[UserError] = strawberry.field(
        graphql_type=list_of(platform_type("UserError")), description="What is wrong.", default_factory=list
    )


@strawberry.type
class FaultyMutation:
    @strawberry.mutation(description="Names a garage anew, without asking who wants that.")
    async def garage_rename(self, info: Info, id: Identity) -> bool:
        rename = text("UPDATE garage SET name = clock_timestamp() WHERE id = :id")
        await info.context.session.execute(rename, {"id": id})
        return True

    @strawberry.mutation(description="Washes a car, and fails.")
    async def garage_car_wash(self, info: Info, id: Identity) -> bool:
        info.context.require(SELL)
        raise LookupError("no water")

    @strawberry.mutation(description="Looks at a car, whoever it belongs to.")
    async def garage_car_inspect(self, info: Info, id: Identity) -> str | None:
        info.context.require(SELL)
        named = text("SELECT plate FROM garage_car WHERE id = :id")
        return await info.context.session.scalar(named, {"id": id})

    @strawberry.mutation(description="Parks a car where there is never a place.")
    async def garage_car_park(self, info: Info, id: Identity) -> Parking:
        info.context.require(SELL)
        raise InputRefusedError([UserError(ErrorCode.VALIDATOR_ERROR_CODE, ("id",), "All is full.")])

    @strawberry.mutation(description="Paints a car.")
    async def garage_car_paint(self, info: Info, at: time) -> bool:
        info.context.require(SELL)
        return True


@strawberry.type
class SoundMutation:
    @strawberry.mutation(description="Sells a car.")
    async def garage_car_sell(self, info: Info, id: Identity) -> bool:
        info.context.require(SELL)
        car = await info.context.session.get(GarageCar, UUID(id))
        if car is None:
            return False
        car.mileage = None
        return True


@strawberry.type
class SoundSubscription:
    @strawberry.subscription(graphql_type=entity_type(Garage), description="Garages as they change.")
    async def garage_changed(self, info: Live) -> AsyncGenerator[EntityRef]:
        async for change in info.context.changes(Garage):
            yield EntityRef(Garage, change.id)


@strawberry.type
class FaultySubscription(SoundSubscription):
    @strawberry.subscription(description="Each new garage, of whomever, for anybody.")
    async def garage_opened(self, info: Live) -> AsyncGenerator[str]:
        told: set[str] = set()
        while True:
            async with info.context.reading() as context:
                names = set(await context.session.scalars(text("SELECT name FROM garage")))
            for name in names - told:
                yield name
            told |= names
            await asyncio.sleep(0.1)

    @strawberry.subscription(description="What fails.")
    async def garage_closed(self, info: Live) -> AsyncGenerator[str]:
        info.context.require(SELL)
        raise LookupError("no key")
        yield ""


SOUND_PARTS = GraphQLParts(query=SoundQuery, mutation=SoundMutation, subscription=SoundSubscription)
FAULTY_PARTS = GraphQLParts(query=FaultyQuery, mutation=FaultyMutation, subscription=FaultySubscription)


async def sound_plates(request: Request) -> Response:
    context: Context = request.state.context
    context.require_read(GarageCar)
    return JSONResponse(list(await context.session.scalars(select(GarageCar.plate))))


async def plate(request: Request) -> Response:
    """Show the plate of a car, of whomever, to anybody."""
    named = text("SELECT plate FROM garage_car WHERE id = :id")
    found = await request.state.context.session.scalar(named, request.path_params)
    return JSONResponse(found, 200 if found else 404)


async def plates_one_by_one(request: Request) -> Response:
    context: Context = request.state.context
    context.require_read(GarageCar)
    cars = await context.session.scalars(select(GarageCar.id))
    return JSONResponse([(await context.session.get(GarageCar, car)).plate for car in cars.all()])  # type: ignore[union-attr]


async def scrap(request: Request) -> Response:
    """Scrap a car, of whomever, for anybody."""
    named = text("UPDATE garage_car SET mileage = 1 + coalesce(mileage, 0) WHERE id = :id")
    await request.state.context.session.execute(named, {"id": request.path_params["garage_car_id"]})
    return JSONResponse({})


async def weigh(request: Request) -> Response:
    """Want a weight, which nobody has told the kit of."""
    request.state.context.require(SELL)
    return JSONResponse({}, 200 if "weight" in await request.json() else 400)


SOUND_ROUTES = [Route("/plates", sound_plates)]
FAULTY_ROUTES = [
    *SOUND_ROUTES,
    Route("/plates/slow", plates_one_by_one),
    Mount("/garage-cars", routes=[Route("/{id}/plate", plate)]),
    Route("/scrap/{garage_car_id}", scrap, methods=["POST"]),
    Route("/weigh", weigh, methods=["POST"]),
]


async def drive_all(context: Context) -> None:
    """Drive all cars, of whomever."""
    await context.session.execute(text("UPDATE garage_car SET mileage = 1 + coalesce(mileage, 0)"))


async def sweep(_: Context) -> None:
    raise LookupError("no broom")


def job(run: Callable[[Context], Awaitable[None]]) -> Job:
    return Job(name=run.__name__, doc="Works.", run=run, every=timedelta(days=1))


async def follow_soundly(context: Context, changes: Sequence[Change]) -> None:
    """Make one car for each garage, under a key that follows from the garage's."""
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


async def follow_doubling(context: Context, changes: Sequence[Change]) -> None:
    """Make a further car for each garage, each time."""
    rows = [
        {"garage": {"id": str(change.id)}, "plate": f"another {uuid4()}"}
        for change in changes
        if change.entity == "Garage"
    ]
    await context.write.create(GarageCar, rows)


async def follow_for_ever(context: Context, changes: Sequence[Change]) -> None:
    """Drive each car a mile further, and hear of that."""
    for change in changes:
        car = await context.session.get(GarageCar, change.id)
        if car is not None:
            car.mileage = (car.mileage or 0) + 1


def garage(**hooks: Any) -> SimpleNamespace:
    """Return the plugin with some hooks beside its entities and its permission."""
    manifest = Manifest(name="garage", version="1.0.0", tenure=">=0.1", doc="Garages and the cars in them.")
    own: dict[str, Any] = {
        "register_entities": lambda: [Garage, GarageCar],
        "register_roles": lambda: [Permission(name=SELL, doc="Selling cars.")],
    }
    marked = {name: hookimpl(function) for name, function in {**own, **hooks}.items()}
    return SimpleNamespace(MANIFEST=manifest, **marked)


def sound() -> SimpleNamespace:
    """Return the plugin without a fault."""
    return garage(
        register_computed_fields=lambda: [counted("cars_counted", cars_of), coded("title", titles)],
        register_graphql=lambda: SOUND_PARTS,
        register_routes=lambda: SOUND_ROUTES,
        on_change=follow_soundly,
    )


def faulty() -> SimpleNamespace:
    """Return the plugin with faults that show once it runs, beside what is sound."""
    computed = [
        counted("cars_counted", cars_of),
        counted("cars_of_all", all_cars),
        coded("title", titles),
        coded("slow_title", titles_one_by_one),
    ]
    return garage(
        register_computed_fields=lambda: computed,
        register_graphql=lambda: FAULTY_PARTS,
        register_routes=lambda: FAULTY_ROUTES,
        register_jobs=lambda: [job(sweep)],
        on_change=follow_doubling,
    )
