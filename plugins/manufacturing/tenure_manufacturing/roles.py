"""The roles and permissions of the pack."""

from __future__ import annotations

from tenure_manufacturing.entities import ENTITIES
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.parts import PartUse
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Account, Activity, Contact, Permission, RoleDefinition

SIGN_OFF = "manufacturing.sign_off"

ROLES_AND_PERMISSIONS = (
    Permission(name=SIGN_OFF, doc="Set the status of a work order to SIGNED_OFF."),
    RoleDefinition(
        name="technician",
        doc="Technicians, who process work orders and record parts, readings and sign-offs.",
        reads=(Account, Contact, Activity, *ENTITIES),
        writes=(WorkOrder, PartUse, MeterReading, ErrorEvent),
        permissions=(SIGN_OFF,),
    ),
    RoleDefinition(
        name="planner",
        doc="Maintenance planners, who manage equipment, plans, parts and contracts and assign work orders.",
        reads=(Account, Contact, Activity),
        writes=ENTITIES,
    ),
    RoleDefinition(
        name="device_gateway",
        doc="Device gateways, which send meter readings and error events and cannot read customer data.",
        reads=(Product, Equipment, Meter),
        writes=(MeterReading, ErrorEvent),
    ),
)
