"""Registrations: what the hooks of a plugin return. They hold data and do no work; the host does it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tenure_core.errors import DeclarationError

if TYPE_CHECKING:
    from tenure_core.entities.declaration import Entity
    from tenure_core.plugins.context import Context


@dataclass(frozen=True, kw_only=True)
class GraphQLParts:
    """A plugin's own part of the schema, in plain Strawberry.

    Args:
        query: A Strawberry type whose fields become root fields of Query.
        mutation: A Strawberry type whose fields become root fields of Mutation.
        subscription: A Strawberry type whose fields become root fields of Subscription.
        types: Types that nothing else leads to, such as those behind an interface.
    """

    query: type | None = None
    mutation: type | None = None
    subscription: type | None = None
    types: tuple[type, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Something that not everybody may do, beyond reading and writing entities.

    Args:
        name: Its name, which begins with the plugin's: "manufacturing.sign_off".
        doc: What it allows, as one sentence.
    """

    name: str
    doc: str


@dataclass(frozen=True, kw_only=True)
class RoleDefinition:
    """A role that API keys can have. Beside those of plugins there are "admin" and "reader", for everything.

    Args:
        name: Its name, such as "technician".
        doc: Whom it is for, as one sentence.
        reads: The entities that it may read.
        writes: The entities that it may write; it may read them, too.
        permissions: The names of the permissions that it has.
    """

    name: str
    doc: str
    reads: tuple[type[Entity], ...] = ()
    writes: tuple[type[Entity], ...] = ()
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work that is done again and again, once at a time for each tenant that has the plugin enabled.

    Args:
        name: Its name, within the plugin.
        doc: What it does, as one sentence.
        run: The work, in a transaction: what it writes through the context happens once. What it does
            elsewhere may happen twice, where it raised or a worker died in the middle.
        cron: When, in UTC, as cron writes it: "0 4 * * *".
        every: How often, counted from the first of January 1970; either this or `cron`.

    Raises:
        DeclarationError: It does not say when it is due, or not so that it can be understood.
    """

    name: str
    doc: str
    run: Callable[[Context], Awaitable[None]]
    cron: str | None = None
    every: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.cron is None) == (self.every is None):
            raise DeclarationError(
                f"The job {self.name} does not say when it is due.", "Give it either `cron` or `every`."
            )
        if self.every is not None and self.every <= timedelta(0):
            raise DeclarationError(
                f"The job {self.name} is due every {self.every}.", "Make it longer than 0."
            )
        if self.cron is not None and not _is_cron(self.cron):
            raise DeclarationError(
                f"The job {self.name} is due at {self.cron!r}, which is no time that cron knows.",
                'Write minute, hour, day, month and day of the week: "0 4 * * *".',
            )


def _is_cron(text: str) -> bool:
    from tenure_core.background.jobs.cron import is_cron

    return is_cron(text)


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """An account of the demo's tenant, as plugins build on it.

    Args:
        id: Its identity.
        name: Its name.
        industry: Its branch.
        since: When it became a customer.
    """

    id: UUID
    name: str
    industry: str
    since: datetime


DemoRows = Iterable[tuple["type[Entity]", Sequence[Mapping[str, object]]]]
"""Rows for upserts, by entity, in the order in which they are written."""


@dataclass(frozen=True, kw_only=True)
class DemoData:
    """What a plugin adds to the demo's story.

    Args:
        rows: From a source of chance, the demo's accounts and the moment that the story ends to the rows.
            With the same chance and moment they are the same.
    """

    rows: Callable[[random.Random, Sequence[DemoAccount], datetime], DemoRows]
