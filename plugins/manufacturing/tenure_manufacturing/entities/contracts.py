"""Service contracts and their terms: coverage, response time and renewal."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_sdk import Account, Entity, Money, belongs_to, column


class Coverage(StrEnum):
    """The services that a contract covers: inspections only, labour, or labour and spare parts."""

    INSPECTION = "INSPECTION"
    LABOUR = "LABOUR"
    PARTS_AND_LABOUR = "PARTS_AND_LABOUR"


class ContractStatus(StrEnum):
    """The status of a contract. Response times apply only to ACTIVE contracts."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class ServiceContract(Entity, order_by="renews_on"):
    """A contract for the maintenance of an account's equipment."""

    account: Mapped[Account] = belongs_to(
        back="service_contracts", doc="The customer who holds the contract."
    )
    number: Mapped[str] = column(unique=True, search=True, max_length=50, doc="Contract number.")
    status: Mapped[ContractStatus] = column(default=ContractStatus.ACTIVE, doc="Status of the contract.")
    coverage: Mapped[Coverage] = column(default=Coverage.LABOUR, doc="The services that the contract covers.")
    response_hours: Mapped[float | None] = column(
        minimum=0,
        maximum=87_600,
        doc="Agreed response time in hours, counted around the clock from `WorkOrder.reportedAt`; null if no "
        "response time is agreed.",
    )
    starts_on: Mapped[date] = column(doc="First day of the contract.")
    renews_on: Mapped[date | None] = column(
        index=True, doc="The day on which the contract ends unless it is renewed; null if it does not end."
    )
    value: Mapped[Money | None] = column(doc="Annual contract value.")
