"""Service contracts: what we owe to which account, until when, and what it pays for that."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Mapped

from tenure_sdk import Account, Entity, Money, belongs_to, column


class Coverage(StrEnum):
    """What a contract covers."""

    INSPECTION = "INSPECTION"
    LABOUR = "LABOUR"
    PARTS_AND_LABOUR = "PARTS_AND_LABOUR"


class ContractStatus(StrEnum):
    """Where a contract stands."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class ServiceContract(Entity, order_by="renews_on"):
    """What we owe to an account for its equipment: how much, how fast, until when."""

    account: Mapped[Account] = belongs_to(back="service_contracts", doc="Whose contract it is.")
    number: Mapped[str] = column(unique=True, search=True, max_length=50, doc="The number that names it.")
    status: Mapped[ContractStatus] = column(default=ContractStatus.ACTIVE, doc="Where it stands.")
    coverage: Mapped[Coverage] = column(default=Coverage.LABOUR, doc="What it covers.")
    response_hours: Mapped[float | None] = column(
        minimum=0,
        maximum=87_600,
        doc="Within how many hours of a report we must act, day and night; empty for no promise.",
    )
    starts_on: Mapped[date] = column(doc="The first day that it holds.")
    renews_on: Mapped[date | None] = column(index=True, doc="The day that it ends unless it is renewed.")
    value: Mapped[Money | None] = column(doc="What the account pays for a year.")
