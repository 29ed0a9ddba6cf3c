"""The demo activities: a year of purchases and contacts that matches each customer's lifecycle stage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tenure_core.entities.model import LifecycleStage
from tenure_sdk.demo.accounts import Organization, Person, currency_of

YEAR_DAYS = 365
PRODUCTS = (
    "Spare parts",
    "Consumables",
    "Workwear",
    "Packaging",
    "Office supplies",
    "Maintenance kit",
    "Safety equipment",
)
Event = tuple[str, str, str, float | None]
"""Kind, channel, subject and mean sentiment of an activity; None for no sentiment."""

ROUTINE_EVENTS: tuple[Event, ...] = (
    ("CALL", "PHONE", "Quarterly review", 0.5),
    ("MEETING", "IN_PERSON", "Framework contract", 0.4),
    ("EMAIL", "EMAIL", "Question about an invoice", 0.0),
    ("CHAT", "CHAT", "Delivery date", 0.1),
    ("VISIT", "IN_PERSON", "Tour of the plant", 0.6),
    ("SURVEY", "WEB", "Satisfaction survey", 0.4),
)
PROBLEM_EVENTS: tuple[Event, ...] = (
    ("COMPLAINT", "EMAIL", "Third late delivery in a row", -0.7),
    ("SUPPORT_REQUEST", "WEB", "Wrong parts delivered", -0.4),
    ("COMPLAINT", "PHONE", "Nobody called back", -0.8),
    ("EMAIL", "EMAIL", "Asks for the prices of last year", -0.3),
    ("SUPPORT_REQUEST", "CHAT", "Order can't be changed online", -0.5),
    ("SURVEY", "WEB", "Satisfaction survey", -0.6),
)
CHURN_REASONS = (
    "Moved to a competitor on price",
    "Closed the location that we supplied",
    "Unhappy with our deliveries",
)


@dataclass(frozen=True)
class DemoPeople:
    """A customer's account, contacts and buying habits.

    Args:
        account: The id of the account.
        contacts: The ids of its contacts.
        currency: The currency of its purchases.
        basket: The typical value of a purchase, in minor units.
    """

    account: UUID
    contacts: Sequence[UUID]
    currency: str
    basket: int


def activity_rows(
    rng: random.Random,
    customer: Organization | Person,
    account: UUID,
    contacts: Sequence[UUID],
    now: datetime,
) -> Iterator[dict[str, object]]:
    """Yield the mutation inputs of a customer's activities in the last year.

    Args:
        rng: The random generator.
        customer: The customer.
        account: The id of its account.
        contacts: The ids of its contacts.
        now: The end of the year. Only due dates are later.
    """
    people = DemoPeople(account, contacts, currency_of(customer.country), _typical_basket(rng, customer))
    yield from _stage_activities(rng, people, customer.stage, now)


def _typical_basket(rng: random.Random, customer: Organization | Person) -> int:
    usual = customer.employees * 400 if isinstance(customer, Organization) else 6_000
    scale = 100 if customer.country == "JP" else 1
    return round(usual * rng.uniform(0.6, 1.6)) * 10 // scale


def _stage_activities(
    rng: random.Random, people: DemoPeople, stage: LifecycleStage, now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the activities that match a lifecycle stage."""
    if stage is LifecycleStage.CUSTOMER:
        yield from _purchases(rng, people, now, YEAR_DAYS, 0, fading=False)
        yield from _events(rng, people, now, ROUTINE_EVENTS, 12, YEAR_DAYS, 0)
        yield from _events(rng, people, now, PROBLEM_EVENTS, 1, YEAR_DAYS, 0)
    elif stage is LifecycleStage.AT_RISK:
        yield from _purchases(rng, people, now, YEAR_DAYS, 45, fading=True)
        yield from _events(rng, people, now, ROUTINE_EVENTS, 5, YEAR_DAYS, 150)
        yield from _events(rng, people, now, PROBLEM_EVENTS, 7, 150, 3)
        yield _task(people, now, "Win back: call, and offer a service review")
    elif stage is LifecycleStage.CHURNED:
        yield from _purchases(rng, people, now, YEAR_DAYS, 170, fading=True)
        yield from _events(rng, people, now, PROBLEM_EVENTS, 6, 240, 150)
        yield _event(
            rng, people, now - timedelta(days=140), ("NOTE", "PHONE", rng.choice(CHURN_REASONS), -0.9)
        )
    else:
        yield from _events(rng, people, now, ROUTINE_EVENTS, 8, 120, 2)
        yield _task(people, now, "Send the offer")


def _purchases(
    rng: random.Random, people: DemoPeople, now: datetime, start: int, end: int, *, fading: bool
) -> Iterator[dict[str, object]]:
    """Yield purchases from `start` to `end` days ago; if fading, with growing gaps and shrinking values."""
    usual_gap = rng.uniform(6, 14)
    gap, basket, day = usual_gap, float(people.basket), start - rng.uniform(0, usual_gap)
    while day > end:
        value = max(1, round(basket * rng.lognormvariate(0, 0.4)))
        yield _event(
            rng, people, _random_time(rng, now, day), ("PURCHASE", "WEB", rng.choice(PRODUCTS), None), value
        )
        if rng.random() < 0.04:
            returned_at = _random_time(rng, now, max(day - 5, 0.1))
            yield _event(rng, people, returned_at, ("RETURN", "POST", "Goods sent back", -0.2), -value // 3)
        if fading:
            gap, basket = gap * 1.12, basket * 0.93
        day -= gap * rng.uniform(0.6, 1.4)


def _events(
    rng: random.Random,
    people: DemoPeople,
    now: datetime,
    events: Sequence[Event],
    count: int,
    start: int,
    end: int,
) -> Iterator[dict[str, object]]:
    """Yield about `count` of the given events from `start` to `end` days ago."""
    for _ in range(max(1, count + rng.randint(-2, 2))):
        yield _event(rng, people, _random_time(rng, now, rng.uniform(end, start)), rng.choice(events))


def _event(
    rng: random.Random,
    people: DemoPeople,
    occurred_at: datetime,
    event: Event,
    value: int | None = None,
) -> dict[str, object]:
    kind, channel, subject, sentiment = event
    is_conversation = kind in ("CALL", "MEETING", "VISIT", "CHAT")
    return {
        "account": {"id": str(people.account)},
        "contact": {"id": str(rng.choice(people.contacts))},
        "kind": kind,
        "channel": channel,
        "direction": "INTERNAL"
        if kind == "NOTE"
        else rng.choice(("INBOUND", "OUTBOUND"))
        if is_conversation
        else "INBOUND",
        "subject": subject,
        "occurredAt": occurred_at.isoformat(),
        "durationSeconds": rng.randint(4, 60) * 60 if is_conversation else None,
        "value": None if value is None else {"minorUnits": value, "currency": people.currency},
        "sentiment": None if sentiment is None else round(min(1.0, max(-1.0, rng.gauss(sentiment, 0.15))), 2),
    }


def _task(people: DemoPeople, now: datetime, subject: str) -> dict[str, object]:
    return {
        "account": {"id": str(people.account)},
        "contact": {"id": str(people.contacts[0])},
        "kind": "TASK",
        "direction": "INTERNAL",
        "subject": subject,
        "occurredAt": now.isoformat(),
        "dueAt": (now + timedelta(days=3)).isoformat(),
    }


def _random_time(rng: random.Random, now: datetime, days_ago: float) -> datetime:
    """Return a time within office hours of a past day, not later than now."""
    day = (now - timedelta(days=days_ago)).replace(hour=8, minute=0, second=0, microsecond=0)
    return min(day + timedelta(minutes=rng.randint(0, 600)), now)
