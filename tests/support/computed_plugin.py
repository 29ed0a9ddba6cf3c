"""A plugin of tests: fields that code computes, and root fields of its own, over the core's entities."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import select
from tests.support.vehicle_plugin import fleet

from tenure_core.plugins.host import load_host
from tenure_core.settings import Settings
from tenure_sdk import (
    FLOAT,
    INT,
    Account,
    BadUserInputError,
    BatchField,
    ComputedColumn,
    Contact,
    Context,
    ErrorCode,
    GraphQLParts,
    UserError,
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

NAME = "desk"

Rows = Sequence[Mapping[str, Any]]
Info = strawberry.Info[ResolverContext]
Live = strawberry.Info[SubscriptionContext]

calls: list[Rows] = []
"""What the code of `health` was called with."""


async def health(context: Context, rows: Rows) -> list[object]:
    """Half as many as the employees; by the number of employees also what goes wrong."""
    calls.append(rows)
    found = {row["id"]: row["employees"] for row in rows}
    if 666 in found.values():
        raise ZeroDivisionError("the secret of the plugin")
    if 667 in found.values():
        return []
    if 669 in found.values():
        raise BadUserInputError("Nobody may know.")
    return ["ill" if found[row["id"]] == 668 else (found[row["id"]] or 0) / 2 for row in rows]


mischief = ""
"""What `crowd` does beside its work: it writes, or it sends a statement that fails."""


async def crowd(context: Context, rows: Rows) -> list[int]:
    """How many contacts there are, by a statement of its own."""
    if mischief == "write":
        await context.write.create(Account, [{"name": "by code"}])
    elif mischief:
        await context.connection.execute("SELECT 1 / 0")
    named = select(Contact).where(Contact.account_id.in_([row["id"] for row in rows]))  # type: ignore[attr-defined]
    people = (await context.session.scalars(named)).all()
    return [sum(str(one.account_id) == row["id"] for one in people) for row in rows]  # type: ignore[attr-defined]


COMPUTED = [
    BatchField(
        entity=Account,
        name="health",
        scalar_type=FLOAT,
        doc="Well-being.",
        required_columns=("id", "employees"),
        compute=health,
    ),
    BatchField(
        entity=Account,
        name="crowd",
        scalar_type=INT,
        doc="People.",
        required_columns=("id", "twice"),
        compute=crowd,
    ),
    ComputedColumn(
        entity=Account, name="twice", scalar_type=INT, doc="Two.", expression=lambda row: row.c.employees * 2
    ),
]


@strawberry.type(description="A pile of paper.")
class DeskPile:
    title: str = strawberry.field(description="What it is about.")
    since: datetime = strawberry.field(description="How long it lies there.")
    about: strawberry.Private[uuid.UUID]

    @strawberry.field(graphql_type=entity_type(Account) | None, description="Whose it is.")
    async def account(self) -> EntityRef:
        return EntityRef(Account, self.about)

    @strawberry.field(description="The name of whose it is, as code sees it.")
    async def owner(self, info: Info) -> str | None:
        found = await info.context.load(Account, self.about)
        return found and found.name

    @strawberry.field(description="How many people are there, as code sees it.")
    async def people(self, info: Info) -> int:
        return len(await info.context.load_related(Contact, "account", self.about))

    @strawberry.field(description="What fails.")
    async def broken(self) -> int | None:
        raise ZeroDivisionError("the secret of the plugin")


@strawberry.input(description="When, in several ways.")
class DeskTimes:
    first: datetime
    more: list[datetime] = strawberry.field(default_factory=list)


@strawberry.type
class DeskQuery:
    @strawberry.field(description="Accounts by their names.", graphql_type=list_of(entity_type("Account")))
    async def desk_accounts(self, info: Info, names: list[str]) -> list[EntityRef]:
        found = await info.context.session.scalars(
            select(Account).where(Account.name.in_(names)).order_by(Account.name)
        )
        return [EntityRef(Account, one.id) for one in found]

    @strawberry.field(description="One account.", graphql_type=entity_type(Account) | None)
    async def desk_account(self, id: strawberry.ID) -> EntityRef:
        return EntityRef(Account, uuid.UUID(id))

    @strawberry.field(description="A record of another sort.", graphql_type=entity_type(Account) | None)
    async def desk_mistake(self) -> EntityRef:
        return EntityRef(Contact, uuid.uuid4())

    @strawberry.field(description="A pile for each account.")
    async def desk_piles(self, ids: list[strawberry.ID], times: DeskTimes) -> list[DeskPile]:
        since = max([times.first, *times.more])
        return [DeskPile(title=str(n), since=since, about=uuid.UUID(id)) for n, id in enumerate(ids)]

    @strawberry.field(description="What fails.")
    async def desk_broken(self, aloud: bool = False) -> int | None:
        if aloud:
            raise BadUserInputError("Too loud.", "Whisper.")
        raise ZeroDivisionError("the secret of the plugin")

    @strawberry.field(description="A statement that PostgreSQL refuses.")
    async def desk_bad_sql(self, info: Info) -> int | None:
        await info.context.session.execute(select(Account).where(Account.no_such == 1))  # type: ignore[attr-defined]
        return 1

    @strawberry.field(description="Whether a question can write.")
    async def desk_write(self, info: Info) -> int | None:
        await info.context.write.create(Account, [{"name": "written by a question"}])
        return 1


@strawberry.input(description="What to call an account.")
class DeskRenameInput:
    id: strawberry.ID
    name: str
    idempotency_key: str | None = None


@strawberry.type(description="What came of it.")
class DeskRenamePayload:
    account: EntityRef | None = strawberry.field(
        graphql_type=entity_type(Account) | None, description="The account.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        graphql_type=list_of(platform_type("UserError")), description="What is wrong.", default_factory=list
    )
    replayed: bool | None = strawberry.field(description="Whether it was done before.", default=False)
    done: int | None = strawberry.field(description="How often it was done.", default=None)

    @strawberry.field(description="What fails.")
    async def broken(self) -> int | None:
        raise ZeroDivisionError("the secret of the plugin")

    @strawberry.field(description="What fails in PostgreSQL.")
    async def broken_sql(self, info: Info) -> int | None:
        await info.context.connection.execute("SELECT 1 / 0")
        return 1


renamings = 0


@strawberry.type
class DeskMutation:
    @strawberry.mutation(description="Calls an account something else.")
    async def desk_rename(self, info: Info, input: DeskRenameInput) -> DeskRenamePayload | None:
        global renamings  # told apart from what was written
        renamings += 1
        account = uuid.UUID(input.id)
        await info.context.write.update(Account, [{"id": account, "name": input.name}])
        if input.name == "forbidden":
            raise InputRefusedError([UserError(ErrorCode.INVALID, ("name",), "nobody is called that")])
        if input.name == "broken":
            raise ZeroDivisionError("the secret of the plugin")
        return DeskRenamePayload(account=EntityRef(Account, account), done=renamings)


@strawberry.type
class DeskSubscription:
    @strawberry.subscription(
        description="The accounts that are changed.", graphql_type=entity_type(Account) | None
    )
    async def desk_changed(self, info: Live) -> AsyncGenerator[EntityRef]:
        async for change in info.context.changes(Account):
            yield EntityRef(Account, change.id)

    @strawberry.subscription(description="Counts, and fails at 3.")
    async def desk_count(
        self, info: strawberry.Info[SubscriptionContext], of: datetime
    ) -> AsyncGenerator[str]:
        for number in range(3):
            async with info.context.reading() as context:
                accounts = (await context.session.scalars(select(Account))).all()
            yield f"{number} of {len(accounts)} in {of.year}"
        raise ZeroDivisionError("the secret of the plugin")


PARTS = GraphQLParts(query=DeskQuery, mutation=DeskMutation, subscription=DeskSubscription)

desk = fleet(
    NAME,
    register_computed_fields=lambda: COMPUTED,
    register_graphql=lambda: PARTS,
)
HOST = load_host(Settings(), [desk])
