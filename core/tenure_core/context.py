"""Contexts: what a plugin's own code is given. Who acts, and what it may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from tenure_core.entities import Entity
from tenure_core.identity import Actor
from tenure_core.results import RowResult

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from tenure_core.deliveries import Change

E = TypeVar("E", bound=Entity)

Rows = Sequence[Mapping[str, object]]
"""Rows as a client sends them: JSON values by the API's names."""


class Writer(Protocol):
    """The write module, in the transaction of a context. Rows are checked and captured as a client's are."""

    async def create(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Insert new records; see `tenure_core.write.create`."""

    async def update(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Change records, which rows name by "id"; see `tenure_core.write.update`."""

    async def upsert(self, entity: type[Entity], rows: Rows) -> list[RowResult]:
        """Create or change records by keys of their writers; see `tenure_core.upsert.upsert`."""

    async def delete(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Delete records softly; see `tenure_core.write.delete`."""

    async def restore(self, entity: type[Entity], ids: Iterable[UUID]) -> list[RowResult]:
        """Bring deleted records back; see `tenure_core.write.restore`."""


class Context(Protocol):
    """What a plugin's own code is given, for one tenant and one transaction."""

    @property
    def actor(self) -> Actor:
        """Who acts; in jobs and deliveries the plugin itself."""

    @property
    def settings(self) -> BaseModel:
        """The tenant's settings of the plugin, of the model that it registered."""

    @property
    def log(self) -> FilteringBoundLogger:
        """A logger that names the plugin and the tenant."""

    @property
    def session(self) -> AsyncSession:
        """A session bound to the tenant, in the transaction of the context. Its writes are captured, too."""

    @property
    def write(self) -> Writer:
        """The write module, in the same transaction."""

    def require(self, permission: str) -> None:
        """Return where the actor has a permission.

        Raises:
            ForbiddenError: The actor's role does not have it.
        """

    async def load(self, entity: type[E], identity: UUID) -> E | None:
        """Return a living record, or None. What is asked for at the same time is read in one statement."""

    async def load_referring(self, entity: type[E], reference: str, identity: UUID) -> list[E]:
        """Return the living records of an entity whose reference leads to a record, read as `load` reads.

        Args:
            entity: Whose records.
            reference: The attribute of the reference, such as "account".
            identity: The record that they refer to.
        """

    def changes(self, *entities: type[Entity]) -> AsyncIterator[Change]:
        """Yield the tenant's changes from now on, as they are committed: for subscriptions."""
