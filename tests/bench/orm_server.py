"""The plain server: Strawberry, DataLoaders and the SQLAlchemy ORM over the same tables, as usually combined.

Each nested list is one statement per request: a DataLoader collects the parents, and a window function limits
the children of each parent. Documents are parsed and validated once.
"""

from __future__ import annotations

import os
import uuid
from datetime import datetime
from typing import Any, Generic, TypeVar

import strawberry
from psycopg import AsyncConnection
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

TENANT = uuid.UUID(os.environ["BENCH_TENANT"])
POOL_SIZE = 10

engine = create_async_engine(
    "postgresql+psycopg://",
    async_creator=lambda: AsyncConnection.connect(os.environ["BENCH_DATABASE_URL"]),
    pool_size=POOL_SIZE,
    max_overflow=0,
)
new_session = async_sessionmaker(engine)

Child = TypeVar("Child", "ContactRow", "ActivityRow")
Item = TypeVar("Item")


class Base(DeclarativeBase):
    """The base of the mapped tables."""


class AccountRow(Base):
    __tablename__ = "account"

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    industry: Mapped[str | None]
    lifecycle_stage: Mapped[str]
    deleted_at: Mapped[datetime | None]


class ContactRow(Base):
    __tablename__ = "contact"

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID | None]
    first_name: Mapped[str | None]
    last_name: Mapped[str]
    email: Mapped[str | None]
    deleted_at: Mapped[datetime | None]


class ActivityRow(Base):
    __tablename__ = "activity"

    tenant_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[uuid.UUID | None]
    kind: Mapped[str]
    subject: Mapped[str | None]
    occurred_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


async def load_children(
    row: type[Child], parent: Any, ids: list[uuid.UUID], count: int, *order: Any
) -> list[list[Child]]:
    """Return the first children of each parent, in the order of the parent ids."""
    position = func.row_number().over(partition_by=parent, order_by=order).label("position")
    ranked = (
        select(row, position)
        .where(row.tenant_id == TENANT, parent.in_(ids), row.deleted_at.is_(None))
        .subquery()
    )
    child = aliased(row, ranked)
    async with new_session() as session:
        rows = await session.scalars(
            select(child).where(ranked.c.position <= count).order_by(ranked.c.position)
        )
    children: dict[uuid.UUID, list[Child]] = {id_: [] for id_ in ids}
    for item in rows:
        children[getattr(item, parent.key)].append(item)
    return [children[id_] for id_ in ids]


class Loaders:
    """The DataLoaders of one request, one for each page size."""

    def __init__(self) -> None:
        self._contacts: dict[int, DataLoader[uuid.UUID, list[ContactRow]]] = {}
        self._activities: dict[int, DataLoader[uuid.UUID, list[ActivityRow]]] = {}

    def contacts(self, count: int) -> DataLoader[uuid.UUID, list[ContactRow]]:
        """Return the loader of the first contacts of accounts."""

        async def load(ids: list[uuid.UUID]) -> list[list[ContactRow]]:
            return await load_children(ContactRow, ContactRow.account_id, ids, count, ContactRow.id)

        return self._contacts.setdefault(count, DataLoader(load))

    def activities(self, count: int) -> DataLoader[uuid.UUID, list[ActivityRow]]:
        """Return the loader of the latest activities of contacts."""

        async def load(ids: list[uuid.UUID]) -> list[list[ActivityRow]]:
            order = ActivityRow.occurred_at.desc(), ActivityRow.id.desc()
            return await load_children(ActivityRow, ActivityRow.contact_id, ids, count, *order)

        return self._activities.setdefault(count, DataLoader(load))


@strawberry.type
class Connection(Generic[Item]):
    """A page of a list."""

    nodes: list[Item]


@strawberry.type
class Activity:
    id: strawberry.ID
    kind: str
    subject: str | None
    occurred_at: datetime


@strawberry.type
class Contact:
    id: strawberry.ID
    first_name: str | None
    last_name: str
    email: str | None

    @strawberry.field
    async def activities(self, info: strawberry.Info, first: int = 20) -> Connection[Activity]:
        """Return the latest activities with the contact."""
        return Connection(nodes=await info.context["loaders"].activities(first).load(self.id))


@strawberry.type
class Account:
    id: strawberry.ID
    name: str
    industry: str | None
    lifecycle_stage: str

    @strawberry.field
    async def contacts(self, info: strawberry.Info, first: int = 20) -> Connection[Contact]:
        """Return the contacts of the account."""
        return Connection(nodes=await info.context["loaders"].contacts(first).load(self.id))


@strawberry.type
class Query:
    @strawberry.field
    async def accounts(self, first: int = 20) -> Connection[Account]:
        """Return the first accounts."""
        visible = AccountRow.tenant_id == TENANT, AccountRow.deleted_at.is_(None)
        async with new_session() as session:
            rows = await session.scalars(
                select(AccountRow).where(*visible).order_by(AccountRow.id).limit(first)
            )
        return Connection(nodes=list(rows))  # type: ignore[arg-type]  # Strawberry reads a row's attributes as well


class Server(GraphQL[dict[str, Any], None]):
    """The ASGI application of Strawberry, with new loaders for each request."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        """Return the context of the resolvers of one request."""
        return {"loaders": Loaders()}


schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
app = Starlette(routes=[Route("/graphql", Server(schema), methods=["POST"])])
