"""A test plugin with batch-computed fields, computed columns and root fields on the core entities."""

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
    InputRejectedError,
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
"""The rows that `health` was called with."""


async def health(context: Context, rows: Rows) -> list[object]:
    """Return half the number of employees; certain numbers cause failures."""
    calls.append(rows)
    employees = {row["id"]: row["employees"] for row in rows}
    if 666 in employees.values():
        raise ZeroDivisionError("the secret of the plugin")
    if 667 in employees.values():
        return []
    if 669 in employees.values():
        raise BadUserInputError("The value is confidential.")
    return ["ill" if employees[row["id"]] == 668 else (employees[row["id"]] or 0) / 2 for row in rows]


mischief = ""
"""A side effect of `crowd`: "write", or any other text for a statement that fails."""


async def crowd(context: Context, rows: Rows) -> list[int]:
    """Return the number of contacts, read by a statement of the plugin."""
    if mischief == "write":
        await context.write.create(Account, [{"name": "by code"}])
    elif mischief:
        await context.connection.execute("SELECT 1 / 0")
    statement = select(Contact).where(Contact.account_id.in_([row["id"] for row in rows]))  # type: ignore[attr-defined]
    people = (await context.session.scalars(statement)).all()
    return [sum(str(person.account_id) == row["id"] for person in people) for row in rows]  # type: ignore[attr-defined]


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
        doc="Number of contacts.",
        required_columns=("id", "twice"),
        compute=crowd,
    ),
    ComputedColumn(
        entity=Account, name="twice", scalar_type=INT, doc="Two.", expression=lambda row: row.c.employees * 2
    ),
]


@strawberry.type(description="A pile of paper.")
class DeskPile:
    title: str = strawberry.field(description="Subject.")
    since: datetime = strawberry.field(description="Start time.")
    about: strawberry.Private[uuid.UUID]

    @strawberry.field(graphql_type=entity_type(Account) | None, description="The owner.")
    async def account(self) -> EntityRef:
        return EntityRef(Account, self.about)

    @strawberry.field(description="Name of the owner, loaded by the plugin.")
    async def owner(self, info: Info) -> str | None:
        account = await info.context.load(Account, self.about)
        return account and account.name

    @strawberry.field(description="Number of contacts, loaded by the plugin.")
    async def people(self, info: Info) -> int:
        return len(await info.context.load_related(Contact, "account", self.about))

    @strawberry.field(description="A field that fails.")
    async def broken(self) -> int | None:
        raise ZeroDivisionError("the secret of the plugin")


@strawberry.input(description="Times at several levels of nesting.")
class DeskTimes:
    first: datetime
    more: list[datetime] = strawberry.field(default_factory=list)


@strawberry.type
class DeskQuery:
    @strawberry.field(description="Accounts by name.", graphql_type=list_of(entity_type("Account")))
    async def desk_accounts(self, info: Info, names: list[str]) -> list[EntityRef]:
        accounts = await info.context.session.scalars(
            select(Account).where(Account.name.in_(names)).order_by(Account.name)
        )
        return [EntityRef(Account, account.id) for account in accounts]

    @strawberry.field(description="An account by id.", graphql_type=entity_type(Account) | None)
    async def desk_account(self, id: strawberry.ID) -> EntityRef:
        return EntityRef(Account, uuid.UUID(id))

    @strawberry.field(
        description="A reference to the wrong entity.", graphql_type=entity_type(Account) | None
    )
    async def desk_mistake(self) -> EntityRef:
        return EntityRef(Contact, uuid.uuid4())

    @strawberry.field(description="A pile for each account.")
    async def desk_piles(self, ids: list[strawberry.ID], times: DeskTimes) -> list[DeskPile]:
        since = max([times.first, *times.more])
        return [DeskPile(title=str(n), since=since, about=uuid.UUID(id)) for n, id in enumerate(ids)]

    @strawberry.field(description="A field that fails.")
    async def desk_broken(self, aloud: bool = False) -> int | None:
        if aloud:
            raise BadUserInputError("The volume is too high.", "Reduce it.")
        raise ZeroDivisionError("the secret of the plugin")

    @strawberry.field(description="A statement that PostgreSQL rejects.")
    async def desk_bad_sql(self, info: Info) -> int | None:
        await info.context.session.execute(select(Account).where(Account.no_such == 1))  # type: ignore[attr-defined]
        return 1

    @strawberry.field(description="A query that tries to write.")
    async def desk_write(self, info: Info) -> int | None:
        await info.context.write.create(Account, [{"name": "written by a query"}])
        return 1


@strawberry.input(description="The new name of an account.")
class DeskRenameInput:
    id: strawberry.ID
    name: str
    idempotency_key: str | None = None


@strawberry.type(description="The payload of deskRename.")
class DeskRenamePayload:
    account: EntityRef | None = strawberry.field(
        graphql_type=entity_type(Account) | None, description="The account.", default=None
    )
    user_errors: list[UserError] = strawberry.field(
        graphql_type=list_of(platform_type("UserError")), description="Errors.", default_factory=list
    )
    replayed: bool | None = strawberry.field(
        description="Whether the response was stored before.", default=False
    )
    done: int | None = strawberry.field(description="Number of calls.", default=None)

    @strawberry.field(description="A field that fails.")
    async def broken(self) -> int | None:
        raise ZeroDivisionError("the secret of the plugin")

    @strawberry.field(description="A statement that fails.")
    async def broken_sql(self, info: Info) -> int | None:
        await info.context.connection.execute("SELECT 1 / 0")
        return 1


renamings = 0


@strawberry.type
class DeskMutation:
    @strawberry.mutation(description="Renames an account.")
    async def desk_rename(self, info: Info, input: DeskRenameInput) -> DeskRenamePayload | None:
        global renamings  # counts calls, including those that are rolled back
        renamings += 1
        account = uuid.UUID(input.id)
        await info.context.write.update(Account, [{"id": account, "name": input.name}])
        if input.name == "forbidden":
            raise InputRejectedError([UserError(ErrorCode.INVALID, ("name",), "this name is not allowed")])
        if input.name == "broken":
            raise ZeroDivisionError("the secret of the plugin")
        return DeskRenamePayload(account=EntityRef(Account, account), done=renamings)


@strawberry.type
class DeskSubscription:
    @strawberry.subscription(description="Changed accounts.", graphql_type=entity_type(Account) | None)
    async def desk_changed(self, info: Live) -> AsyncGenerator[EntityRef]:
        async for change in info.context.changes(Account):
            yield EntityRef(Account, change.id)

    @strawberry.subscription(description="Counts, and fails at 3.")
    async def desk_count(
        self, info: strawberry.Info[SubscriptionContext], of: datetime
    ) -> AsyncGenerator[str]:
        for number in range(3):
            async with info.context.open_snapshot() as context:
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
