"""The core's object model: accounts, the people at them, and what happened with them."""

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
"""The kinds of activity that the core knows; plugins add theirs."""


class AccountKind(StrEnum):
    """What sort of customer an account is."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"


class LifecycleStage(StrEnum):
    """Where an account stands between first contact and loss."""

    LEAD = "LEAD"
    PROSPECT = "PROSPECT"
    CUSTOMER = "CUSTOMER"
    AT_RISK = "AT_RISK"
    CHURNED = "CHURNED"


class Channel(StrEnum):
    """The way by which a message travels."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    SMS = "SMS"
    CHAT = "CHAT"
    POST = "POST"
    WEB = "WEB"
    SOCIAL = "SOCIAL"
    IN_PERSON = "IN_PERSON"


class Direction(StrEnum):
    """Who began: INBOUND came from the customer, OUTBOUND from us, INTERNAL stayed among us."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"
    INTERNAL = "INTERNAL"


class DecisionRole(StrEnum):
    """The part that a contact plays when the account decides."""

    DECISION_MAKER = "DECISION_MAKER"
    CHAMPION = "CHAMPION"
    INFLUENCER = "INFLUENCER"
    USER = "USER"
    BLOCKER = "BLOCKER"
    GATEKEEPER = "GATEKEEPER"


class ConsentStatus(StrEnum):
    """Whether a person allowed us to use a channel."""

    UNKNOWN = "UNKNOWN"
    GRANTED = "GRANTED"
    DENIED = "DENIED"


class Address(Composite):
    """A postal address."""

    street: Mapped[str | None] = column(
        max_length=300, doc="Street, number and whatever else precedes the city."
    )
    city: Mapped[str | None] = column(max_length=100, doc="The city or town.")
    region: Mapped[str | None] = column(max_length=100, doc="The state, province or county.")
    postal_code: Mapped[str | None] = column(max_length=20, doc="The postal code.")
    country: Mapped[str | None] = column(
        max_length=2, format="country", doc="The ISO 3166-1 alpha-2 code of the country."
    )


class Consent(Composite):
    """What a person allowed, channel by channel."""

    email: Mapped[ConsentStatus | None] = column(doc="Whether we may send emails.")
    phone: Mapped[ConsentStatus | None] = column(doc="Whether we may call.")
    sms: Mapped[ConsentStatus | None] = column(doc="Whether we may send text messages.")
    chat: Mapped[ConsentStatus | None] = column(doc="Whether we may write in chats.")
    post: Mapped[ConsentStatus | None] = column(doc="Whether we may send letters.")


class Account(Entity):
    """A customer or one to be: a person or an organization that we win, nurture, convert and retain."""

    name: Mapped[str] = column(
        search=True, index=True, max_length=200, personal=True, doc="The name that people call it by."
    )
    kind: Mapped[AccountKind] = column(
        default=AccountKind.ORGANIZATION, doc="Whether it is a person or an organization."
    )
    lifecycle_stage: Mapped[LifecycleStage] = column(
        default=LifecycleStage.LEAD, index=True, doc="Where it stands between first contact and loss."
    )
    industry: Mapped[str | None] = column(search=True, max_length=100, doc="The branch that it works in.")
    tier: Mapped[str | None] = column(max_length=50, doc="The class of service that we give it.")
    website: Mapped[str | None] = column(
        search=True, max_length=500, format="url", doc="The address of its website."
    )
    phone: Mapped[str | None] = column(
        max_length=32, format="phone", personal=True, doc="Its phone number in E.164 form."
    )
    email: Mapped[str | None] = column(
        search=True, max_length=254, format="email", personal=True, doc="Its email address."
    )
    address: Mapped[Address | None] = column(personal=True, doc="Its postal address.")
    annual_revenue: Mapped[Money | None] = column(doc="What it turns over in a year.")
    employees: Mapped[int | None] = column(minimum=0, doc="How many people work there.")
    owner: Mapped[str | None] = column(max_length=200, personal=True, doc="Who of us looks after it.")
    parent: Mapped[Account | None] = belongs_to(back="children", doc="The account that it is a part of.")
    tags: Mapped[list[str]] = column(default=[], max_length=100, doc="Free labels.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="An integrator's own fields."
    )


class Contact(Entity):
    """A person at an account."""

    account: Mapped[Account | None] = belongs_to(
        back="contacts", doc="The account that the person belongs to."
    )
    first_name: Mapped[str | None] = column(search=True, max_length=100, personal=True, doc="The given name.")
    last_name: Mapped[str] = column(
        search=True, index=True, max_length=100, personal=True, doc="The family name."
    )
    email: Mapped[str | None] = column(
        search=True, max_length=254, format="email", personal=True, doc="The email address."
    )
    phone: Mapped[str | None] = column(
        max_length=32, format="phone", personal=True, doc="The phone number in E.164 form."
    )
    title: Mapped[str | None] = column(
        search=True, max_length=100, personal=True, doc="What the person does there."
    )
    decision_role: Mapped[DecisionRole | None] = column(
        doc="The part that the person plays when the account decides."
    )
    birthday: Mapped[date | None] = column(personal=True, doc="The date of birth.")
    preferred_channel: Mapped[Channel | None] = column(doc="How the person likes to be reached.")
    preferred_language: Mapped[str | None] = column(
        max_length=35,
        format="language",
        doc="The BCP 47 tag of the language that the person likes to be written to in.",
    )
    consent: Mapped[Consent | None] = column(doc="What the person allowed, channel by channel.")
    tags: Mapped[list[str]] = column(default=[], max_length=100, doc="Free labels.")
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="An integrator's own fields."
    )


class Activity(Entity, order_by="-occurred_at"):
    """Something that happened, or shall happen, between us and a customer."""

    account: Mapped[Account | None] = belongs_to(back="activities", doc="The account that it happened with.")
    contact: Mapped[Contact | None] = belongs_to(back="activities", doc="The person that it happened with.")
    kind: Mapped[str] = column(enum_name="ActivityKind", doc="What sort of activity it is.")
    channel: Mapped[Channel | None] = column(doc="The way by which it happened.")
    direction: Mapped[Direction | None] = column(doc="Who began.")
    subject: Mapped[str | None] = column(search=True, max_length=300, doc="What it is about, in one line.")
    body: Mapped[str | None] = column(
        search=True, max_length=100_000, personal=True, doc="What was said or written."
    )
    occurred_at: Mapped[datetime] = column(index=True, doc="When it happened, or shall happen.")
    duration_seconds: Mapped[int | None] = column(minimum=0, doc="How long it took, in seconds.")
    due_at: Mapped[datetime | None] = column(doc="When it has to be done.")
    completed_at: Mapped[datetime | None] = column(doc="When it was done.")
    outcome: Mapped[str | None] = column(max_length=200, doc="What came of it.")
    value: Mapped[Money | None] = column(doc="What it was worth; negative for money given back.")
    sentiment: Mapped[float | None] = column(
        minimum=-1, maximum=1, doc="How the customer felt, from -1 to 1."
    )
    attributes: Mapped[dict[str, Any]] = column(
        default={}, max_length=65536, doc="An integrator's own fields."
    )


CORE_ENTITIES: tuple[type[Entity], ...] = (Account, Contact, Activity)
"""The entities that every Tenure has."""
