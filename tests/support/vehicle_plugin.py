"""A plugin with cars of customers and the hooks that a test passes."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_sdk import Account, Entity, Manifest, Money, belongs_to, column, hookimpl


class FleetCar(Entity):
    """A car that a customer drives."""

    account: Mapped[Account | None] = belongs_to(back="fleetCars")
    plate: Mapped[str] = column(unique=True, max_length=20)
    odometer: Mapped[int | None] = column(minimum=0)
    bought_on: Mapped[date | None]
    price: Mapped[Money | None]
    equipment: Mapped[dict[str, Any]] = column(default={}, max_length=65536)
    number: Mapped[int | None] = column(unique=True, writable=False)
    trips: Mapped[int] = column(default=0, writable=False)
    worth: Mapped[Money | None] = column(writable=False)


@hookimpl
def register_entities() -> list[type[Entity]]:
    return [FleetCar]


def fleet(name: str = "fleet", requires: tuple[str, ...] = (), **hooks: Any) -> SimpleNamespace:
    """Return the plugin with additional hooks. With another name, it registers no entities."""
    doc = "Cars of customers."
    manifest = Manifest(name=name, version="1.0.0", tenure=">=0.1", doc=doc, requires=requires)
    entities = {"register_entities": register_entities} if name == "fleet" else {}
    return SimpleNamespace(MANIFEST=manifest, **entities, **{hook: hookimpl(f) for hook, f in hooks.items()})
