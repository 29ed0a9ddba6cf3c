"""The entities of the pack. An entity follows the entities that it refers to."""

from __future__ import annotations

from tenure_manufacturing.entities.contracts import ServiceContract
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.parts import Part, PartUse, PlannedPart
from tenure_manufacturing.entities.plans import MaintenancePlan
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Entity

ENTITIES: tuple[type[Entity], ...] = (
    Product,
    ServiceContract,
    Equipment,
    Meter,
    MeterReading,
    ErrorEvent,
    MaintenancePlan,
    WorkOrder,
    Part,
    PlannedPart,
    PartUse,
)
