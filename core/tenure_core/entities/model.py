"""The core entities: accounts, contacts and activities."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped

from tenure_core.entities.declaration import Composite, Entity, Money, belongs_to, column

ACTIVITY_KINDS = (
    "CALL",
    "EMAIL",
    "MEETING",
    "VISIT",
    "CHAT",
    "NOTE",
    "TASK",
    "PURCHASE",
    "RETURN",
    "PAYMENT",
    "SUPPORT_REQUEST",
    "COMPLAINT",
    "SURVEY",
    "OTHER",
)
"""The values of ActivityKind that the core defines; plugins add values."""


class AccountKind(StrEnum):
    """Whether an account is a person or an organization."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


class LifecycleStage(StrEnum):
    """The stage of a customer in the customer lifecycle, from LEAD to CHURNED."""

    LEAD = "LEAD"
    PROSPECT = "PROSPECT"
    CUSTOMER = "CUSTOMER"
    AT_RISK = "AT_RISK"
    CHURNED = "CHURNED"


class Channel(StrEnum):
    """The communication channel of an activity."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    SMS = "SMS"
    CHAT = "CHAT"
    POST = "POST"
    WEB = "WEB"
    SOCIAL = "SOCIAL"
    IN_PERSON = "IN_PERSON"


class Direction(StrEnum):
    """Who initiated an activity: INBOUND the customer, OUTBOUND the tenant, INTERNAL no customer involved."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"
    INTERNAL = "INTERNAL"


class DecisionRole(StrEnum):
    """The role of a contact in the account's buying decisions."""

    DECISION_MAKER = "DECISION_MAKER"
    CHAMPION = "CHAMPION"
    INFLUENCER = "INFLUENCER"
    USER = "USER"
    BLOCKER = "BLOCKER"
    GATEKEEPER = "GATEKEEPER"


class ConsentStatus(StrEnum):
    """Whether a person consented to messages over a channel."""

    UNKNOWN = "UNKNOWN"
    GRANTED = "GRANTED"
    DENIED = "DENIED"


class Address(Composite):
    """A postal address."""

    street: Mapped[str | None] = column(
        max_length=300, doc="Street and house number, and other lines above the city."
    )
    city: Mapped[str | None] = column(max_length=100, doc="City or town.")
    region: Mapped[str | None] = column(max_length=100, doc="State, province or county.")
    postal_code: Mapped[str | None] = column(max_length=20, doc="Postal code.")
    country: Mapped[str | None] = column(
        max_length=2, format="country", doc="Country as an ISO 3166-1 alpha-2 code, such as DE."
    )


class Consent(Composite):
    """A person's consent per channel."""

    email: Mapped[ConsentStatus | None] = column(doc="Consent to emails; null means unknown.")
    phone: Mapped[ConsentStatus | None] = column(doc="Consent to phone calls; null means unknown.")
    sms: Mapped[ConsentStatus | None] = column(doc="Consent to text messages; null means unknown.")
    chat: Mapped[ConsentStatus | None] = column(doc="Consent to chat messages; null means unknown.")
    post: Mapped[ConsentStatus | None] = column(doc="Consent to letters; null means unknown.")


class Account(Entity):
    """A customer or prospective customer: an organization or a person."""

    name: Mapped[str] = column(search=True, index=True, max_length=200, personal=True, doc="Display name.")
    kind: Mapped[AccountKind] = column(
        default=AccountKind.ORGANIZATION, doc="Whether the account is a person or an organization."
    )
    lifecycle_stage: Mapped[LifecycleStage] = column(
        default=LifecycleStage.LEAD, index=True, doc="Stage in the customer lifecycle."
    )
    industry: Mapped[str | None] = column(search=True, max_length=100, doc="Industry, as free text.")
    tier: Mapped[str | None] = column(max_length=50, doc="Service tier, as free text, such as Gold.")
    website: Mapped[str | None] = column(search=True, max_length=500, format="url", doc="URL of the website.")
    phone: Mapped[str | None] = column(
        max_length=32, format="phone", personal=True, doc="Phone number in E.164 format, such as +4930123456."
    )
    email: Mapped[str | None] = column(
        search=True, max_length=254, format="email", personal=True, doc="Email address."
    )
    address: Mapped[Address | None] = column(personal=True, doc="Postal address.")
    annual_revenue: Mapped[Money | None] = column(doc="Annual revenue.")
    employees: Mapped[int | None] = column(minimum=0, doc="Number of employees.")
    owner: Mapped[str | None] = column(
        max_length=200,
        personal=True,
        doc="Account owner: the team member who is responsible for the account.",
    )
    parent: Mapped[Account | None] = belongs_to(
        back="children", doc="Parent account, such as the group that a company belongs to."
    )
    tags: Mapped[list[str]] = column(default=[], max_length=100, doc="Tags.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="Custom attributes: a JSON object that integrations define."
    )


class Contact(Entity):
    """A person at an account."""

    account: Mapped[Account | None] = belongs_to(
        back="contacts", doc="The account that the person belongs to."
    )
    first_name: Mapped[str | None] = column(search=True, max_length=100, personal=True, doc="Given name.")
    last_name: Mapped[str] = column(
        search=True, index=True, max_length=100, personal=True, doc="Family name."
    )
    email: Mapped[str | None] = column(
        search=True, max_length=254, format="email", personal=True, doc="Email address."
    )
    phone: Mapped[str | None] = column(
        max_length=32, format="phone", personal=True, doc="Phone number in E.164 format, such as +4930123456."
    )
    title: Mapped[str | None] = column(search=True, max_length=100, personal=True, doc="Job title.")
    decision_role: Mapped[DecisionRole | None] = column(doc="Role in the account's buying decisions.")
    birthday: Mapped[date | None] = column(personal=True, doc="Date of birth.")
    preferred_channel: Mapped[Channel | None] = column(doc="Preferred communication channel.")
    preferred_language: Mapped[str | None] = column(
        max_length=35,
        format="language",
        doc="Preferred language as a BCP 47 tag, such as en-GB.",
    )
    consent: Mapped[Consent | None] = column(doc="Consent to messages, per channel.")
    tags: Mapped[list[str]] = column(default=[], max_length=100, doc="Tags.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="Custom attributes: a JSON object that integrations define."
    )


class Activity(Entity, order_by="-occurred_at"):
    """An interaction with a customer, or a planned one: a call, an email, a purchase, a task."""

    account: Mapped[Account | None] = belongs_to(back="activities", doc="The account that took part.")
    contact: Mapped[Contact | None] = belongs_to(back="activities", doc="The contact who took part.")
    kind: Mapped[str] = column(enum_name="ActivityKind", doc="Kind of activity.")
    channel: Mapped[Channel | None] = column(doc="Communication channel.")
    direction: Mapped[Direction | None] = column(doc="Who initiated the activity.")
    subject: Mapped[str | None] = column(search=True, max_length=300, doc="Subject line.")
    body: Mapped[str | None] = column(
        search=True,
        max_length=100_000,
        personal=True,
        doc="Content, such as the text of an email or notes of a call.",
    )
    occurred_at: Mapped[datetime] = column(
        index=True, doc="When the activity took place, or is planned to take place."
    )
    duration_seconds: Mapped[int | None] = column(minimum=0, doc="Duration in seconds.")
    due_at: Mapped[datetime | None] = column(doc="Due date and time of a task; null if there is no deadline.")
    completed_at: Mapped[datetime | None] = column(
        doc="When the activity was completed; null while it is open."
    )
    outcome: Mapped[str | None] = column(max_length=200, doc="Outcome, as free text.")
    value: Mapped[Money | None] = column(
        doc="Monetary value, such as the amount of a purchase; negative for refunds."
    )
    sentiment: Mapped[float | None] = column(
        minimum=-1, maximum=1, doc="Sentiment of the customer, from -1 (negative) to 1 (positive)."
    )
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="Custom attributes: a JSON object that integrations define."
    )


CORE_ENTITIES: tuple[type[Entity], ...] = (Account, Contact, Activity)
"""The entities that every installation has."""
