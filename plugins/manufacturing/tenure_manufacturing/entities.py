"""The pack's entities, each after those that it refers to."""

from __future__ import annotations

from tenure_manufacturing.contracts import ServiceContract
from tenure_manufacturing.equipment import Equipment
from tenure_manufacturing.error_events import ErrorEvent
from tenure_manufacturing.meters import Meter, MeterReading
from tenure_manufacturing.parts import Part, PartUse, PlannedPart
from tenure_manufacturing.plans import MaintenancePlan
from tenure_manufacturing.products import Product
from tenure_manufacturing.work_orders import WorkOrder
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
