"""Fixtures for tests of the pack: a tenant with an account, and functions that create records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tenure_manufacturing import plugin
from tenure_manufacturing.change_handlers import handle_changes
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Account, Change, ChangeOperation, Entity
from tenure_sdk.testing.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from tenure_sdk.testing import Tenant

pytest_plugins = ["tenure_sdk.testing"]

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def tenure_plugins() -> Iterator[Sequence[object]]:
    """The pack, with private webhook addresses allowed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", "true")
        yield [plugin]


class Plant:
    """An account of a tenant, for which tests create equipment and its history.

    Args:
        tenant: The tenant.
        account: Id of the account.
    """

    def __init__(self, tenant: Tenant, account: UUID) -> None:
        self.tenant = tenant
        self.account = account

    async def create(self, entity: type[Entity], *rows: dict[str, object]) -> list[UUID]:
        """Create records, and return their ids."""
        async with self.tenant.context("manufacturing") as context:
            results = await context.write.create(entity, rows)
        assert all(result.id for result in results), [result.errors for result in results]
        return [result.id for result in results if result.id]

    async def update(self, entity: type[Entity], identity: UUID | str, **fields: object) -> None:
        """Update a record."""
        async with self.tenant.context("manufacturing") as context:
            [result] = await context.write.update(entity, [{"id": str(identity), **fields}])
        assert not result.errors, result.errors

    async def create_machine(self, serial: str = "M-1", **fields: object) -> UUID:
        """Create a piece of equipment."""
        row = {"account": ref(self.account), "serialNumber": serial, **fields}
        return (await self.create(Equipment, row))[0]

    async def create_order(self, machine: UUID, **fields: object) -> UUID:
        """Create a work order, by default a repair."""
        defaults = {"title": "Repair", "kind": "CORRECTIVE", "reportedAt": NOW.isoformat()}
        return (await self.create(WorkOrder, {"equipment": ref(machine), **defaults, **fields}))[0]

    async def create_meter(self, machine: UUID, kind: str = "RUNNING_HOURS", unit: str = "h") -> UUID:
        """Create a meter."""
        row = {"equipment": ref(machine), "name": kind, "kind": kind, "unit": unit}
        return (await self.create(Meter, row))[0]

    async def create_readings(self, meter: UUID, *readings: tuple[datetime, float]) -> list[UUID]:
        """Create readings of a meter."""
        rows = [{"meter": ref(meter), "takenAt": at.isoformat(), "value": value} for at, value in readings]
        return await self.create(MeterReading, *rows)

    async def handle_changes(self, entity: type[Entity], *ids: UUID, fields: tuple[str, ...] = ()) -> None:
        """Call the change handler with changes of records."""
        async with self.tenant.context("manufacturing") as context:
            await handle_changes(context, [build_change(entity, identity, fields) for identity in ids])

    async def change_settings(self, **settings: object) -> None:
        """Change the tenant's settings of the pack."""
        data = await self.execute(
            "mutation($settings: JSON!) { pluginSettingsUpdate("
            'input: {name: "manufacturing", settings: $settings}) { userErrors { path message } } }',
            settings=settings,
        )
        assert data["pluginSettingsUpdate"]["userErrors"] == []

    async def execute(self, query: str, **variables: object) -> Any:
        """Return the data of a response without errors."""
        response = await self.tenant.execute(query, **variables)
        assert "errors" not in response, response
        return response["data"]


def build_change(entity: type[Entity], identity: UUID, fields: tuple[str, ...]) -> Change:
    """Return a change of a record."""
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
    """Return a reference to a record."""
    return {"id": str(identity)}


def completed_fields(after: timedelta = HOUR, **fields: object) -> dict[str, object]:
    """Return the fields of a work order that was completed some time after it was reported."""
    return {"status": "COMPLETED", "completedAt": (NOW + after).isoformat(), **fields}


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A running webhook receiver."""
    with WebhookReceiver() as receiver:
        yield receiver


@pytest.fixture
def create_plant(tenant: Tenant) -> Callable[..., object]:
    """A function that creates further accounts of the tenant."""

    async def create(name: str = "Rheintal Werkzeugbau") -> Plant:
        async with tenant.context("manufacturing") as context:
            [account] = await context.write.create(Account, [{"name": name}])
        assert account.id
        return Plant(tenant, account.id)

    return create


@pytest.fixture
async def plant(create_plant: Callable[..., object]) -> Plant:
    """An account."""
    return await create_plant()
