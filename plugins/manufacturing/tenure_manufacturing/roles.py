"""Roles: who does what with the pack, and what more than reading and writing that takes."""

from __future__ import annotations

from collections.abc import Iterator

from tenure_manufacturing.entities import ENTITIES
from tenure_manufacturing.entities.equipment import Equipment
from tenure_manufacturing.entities.error_events import ErrorEvent
from tenure_manufacturing.entities.meters import Meter, MeterReading
from tenure_manufacturing.entities.parts import PartUse
from tenure_manufacturing.entities.products import Product
from tenure_manufacturing.entities.work_orders import WorkOrder
from tenure_sdk import Account, Activity, Contact, Permission, RoleDefinition

SIGN_OFF = "manufacturing.sign_off"


def roles_and_permissions() -> Iterator[Permission | RoleDefinition]:
    """Yield the pack's permissions and roles."""
    yield Permission(name=SIGN_OFF, doc="Note that a customer has accepted the work of a work order.")
    yield RoleDefinition(
        name="technician",
        doc="Does the work: takes work orders up, notes parts, time and readings, has them signed off.",
        reads=(Account, Contact, Activity, *ENTITIES),
        writes=(WorkOrder, PartUse, MeterReading, ErrorEvent),
        permissions=(SIGN_OFF,),
    )
    yield RoleDefinition(
        name="planner",
        doc="Keeps equipment, plans, parts and contracts, and hands out the work.",
        reads=(Account, Contact, Activity),
        writes=ENTITIES,
    )
    yield RoleDefinition(
        name="device_gateway",
        doc="A machine: sends readings and errors of equipment, and sees no customer.",
        reads=(Product, Equipment, Meter),
        writes=(MeterReading, ErrorEvent),
    )
