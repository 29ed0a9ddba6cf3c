"""Equipment: machines that customers operate, and their assemblies."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.products import Product
from tenure_sdk import Account, Entity, belongs_to, column


class EquipmentStatus(StrEnum):
    """The operating status of equipment.

    RUNNING is in operation, IDLE is ready but not in use, DOWN is out of order, RETIRED is decommissioned.
    No work orders are created for the plans of RETIRED equipment.
    """

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    DOWN = "DOWN"
    RETIRED = "RETIRED"


class Equipment(Entity, order_by="serial_number"):
    """A machine that a customer operates, or an assembly of a machine."""

    account: Mapped[Account] = belongs_to(back="equipment", doc="The customer who operates the equipment.")
    product: Mapped[Product | None] = belongs_to(
        back="equipment", doc="The product line that the equipment belongs to."
    )
    contract: Mapped[ServiceContract | None] = belongs_to(
        back="equipment", doc="The service contract that covers the equipment."
    )
    parent: Mapped[Equipment | None] = belongs_to(
        back="assemblies", doc="The equipment that this assembly is installed in; null for a machine."
    )
    serial_number: Mapped[str] = column(unique=True, search=True, max_length=100, doc="Serial number.")
    name: Mapped[str | None] = column(search=True, max_length=200, doc="Name that the customer uses.")
    model: Mapped[str | None] = column(search=True, max_length=100, doc="Model designation on the nameplate.")
    location: Mapped[str | None] = column(search=True, max_length=200, doc="Location at the customer's site.")
    installed_on: Mapped[date | None] = column(doc="Installation date.")
    warranty_until: Mapped[date | None] = column(doc="Last day of the warranty.")
    status: Mapped[EquipmentStatus] = column(
        default=EquipmentStatus.RUNNING, index=True, doc="Operating status."
    )
    running_hours: Mapped[float] = column(
        default=0.0,
        minimum=0,
        doc="Running hours so far. Updated from the latest reading of a RUNNING_HOURS meter; never decreased "
        "by a reading.",
    )
    running_hours_at: Mapped[datetime | None] = column(doc="When the running hours were read.")
    initial_running_hours: Mapped[float] = column(
        default=0.0,
        minimum=0,
        doc="Running hours when the records of the equipment began. The metrics do not include them.",
    )
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="Custom attributes: a JSON object that integrations define."
    )
