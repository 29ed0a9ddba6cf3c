"""What the pack's tests stand on: Tenure with the pack alone, and an account with a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tenure_manufacturing import plugin
from tenure_manufacturing.change_handlers import handle_changes
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Account, Change, ChangeOperation, Entity

from .listening import Listener

if TYPE_CHECKING:
    from tenure_sdk.testing import Tenant

pytest_plugins = ["tenure_sdk.testing"]

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def tenure_plugins() -> Iterator[Sequence[object]]:
    """The pack, where webhooks may lead to this machine."""
    with pytest.MonkeyPatch.context() as operator:
        operator.setenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", "true")
        yield [plugin]


class Plant:
    """A customer's plant, into which tests put machines and what happens to them."""

    def __init__(self, tenant: Tenant, account: UUID) -> None:
        self.tenant = tenant
        self.account = account

    async def create(self, entity: type[Entity], *rows: dict[str, object]) -> list[UUID]:
        """Create records, all of which must be sound."""
        async with self.tenant.context("manufacturing") as context:
            results = await context.write.create(entity, rows)
        assert all(result.id for result in results), [result.errors for result in results]
        return [result.id for result in results if result.id]

    async def update(self, entity: type[Entity], identity: UUID | str, **fields: object) -> None:
        """Change a record; the change must be sound."""
        async with self.tenant.context("manufacturing") as context:
            [result] = await context.write.update(entity, [{"id": str(identity), **fields}])
        assert not result.errors, result.errors

    async def machine(self, serial: str = "M-1", **fields: object) -> UUID:
        """Put up a machine."""
        row = {"account": ref(self.account), "serialNumber": serial, **fields}
        return (await self.create(Equipment, row))[0]

    async def order(self, machine: UUID, **fields: object) -> UUID:
        """Order work on a machine: a repair, where nothing else is said."""
        usual = {"title": "Repair", "kind": "CORRECTIVE", "reportedAt": NOW.isoformat()}
        return (await self.create(WorkOrder, {"equipment": ref(machine), **usual, **fields}))[0]

    async def meter(self, machine: UUID, kind: str = "RUNNING_HOURS", unit: str = "h") -> UUID:
        """Fit a meter to a machine."""
        return (
            await self.create(Meter, {"equipment": ref(machine), "name": kind, "kind": kind, "unit": unit})
        )[0]

    async def read(self, meter: UUID, *readings: tuple[datetime, float]) -> list[UUID]:
        """Take readings of a meter."""
        rows = [{"meter": ref(meter), "takenAt": at.isoformat(), "value": value} for at, value in readings]
        return await self.create(MeterReading, *rows)

    async def deliver(self, entity: type[Entity], *ids: UUID, fields: tuple[str, ...] = ()) -> None:
        """Tell the pack that records were changed."""
        async with self.tenant.context("manufacturing") as context:
            await handle_changes(context, [change(entity, identity, fields) for identity in ids])

    async def set(self, **settings: object) -> None:
        """Set the pack up for the tenant."""
        answer = await self.ask(
            "mutation($settings: JSON!) { pluginSettingsUpdate("
            'input: {name: "manufacturing", settings: $settings}) { userErrors { path message } } }',
            settings=settings,
        )
        assert answer["pluginSettingsUpdate"]["userErrors"] == []

    async def ask(self, query: str, **variables: object) -> Any:
        """Return the data of an answer, in which nothing is wrong."""
        answer = await self.tenant.ask(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]


def change(entity: type[Entity], identity: UUID, fields: tuple[str, ...]) -> Change:
    """Return a change of some fields of a record."""
    return Change(
        cursor="",
        entity=entity.__name__,
        id=identity,
        operation=ChangeOperation.UPDATE,
        changed_fields=fields,
        before=None,
        after=None,
        version=1,
        actor="test",
        origin="test",
        transaction_id=1,
        occurred_at=NOW,
    )


def ref(identity: UUID) -> dict[str, str]:
    """Return how rows refer to a record."""
    return {"id": str(identity)}


def done(after: timedelta = HOUR, **fields: object) -> dict[str, object]:
    """Return the fields of work that was completed some time after it was reported."""
    return {"status": "COMPLETED", "completedAt": (NOW + after).isoformat(), **fields}


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A receiver of webhooks on this machine."""
    with Listener() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def new_plant(tenant: Tenant) -> Callable[..., object]:
    """Makes plants of further accounts of the tenant."""

    async def make(name: str = "Rheintal Werkzeugbau") -> Plant:
        async with tenant.context("manufacturing") as context:
            [account] = await context.write.create(Account, [{"name": name}])
        assert account.id
        return Plant(tenant, account.id)

    return make


@pytest.fixture
async def plant(new_plant: Callable[..., object]) -> Plant:
    """A plant of an account of its own."""
    return await new_plant()
