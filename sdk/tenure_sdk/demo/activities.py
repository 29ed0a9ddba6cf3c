"""What happened with the demo's customers last year: who buys steadily, falls silent, or left and why."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tenure_core.entities.model import LifecycleStage
from tenure_sdk.demo.accounts import Organization, Person, currency_of

YEAR = 365
GOODS = (
    "Spare parts",
    "Consumables",
    "Workwear",
    "Packaging",
    "Office supplies",
    "Maintenance kit",
    "Safety equipment",
)
TALKS = (
    ("CALL", "PHONE", "Quarterly review", 0.5),
    ("MEETING", "IN_PERSON", "Framework contract", 0.4),
    ("EMAIL", "EMAIL", "Question about an invoice", 0.0),
    ("CHAT", "CHAT", "Delivery date", 0.1),
    ("VISIT", "IN_PERSON", "Tour of the plant", 0.6),
    ("SURVEY", "WEB", "Satisfaction survey", 0.4),
)
TROUBLES = (
    ("COMPLAINT", "EMAIL", "Third late delivery in a row", -0.7),
    ("SUPPORT_REQUEST", "WEB", "Wrong parts delivered", -0.4),
    ("COMPLAINT", "PHONE", "Nobody called back", -0.8),
    ("EMAIL", "EMAIL", "Asks for the prices of last year", -0.3),
    ("SUPPORT_REQUEST", "CHAT", "Order can't be changed online", -0.5),
    ("SURVEY", "WEB", "Satisfaction survey", -0.6),
)
FAREWELLS = (
    "Moved to a competitor on price",
    "Closed the location that we supplied",
    "Unhappy with our deliveries",
)


@dataclass(frozen=True)
class DemoPeople:
    """Whom the events of one customer are about.

    Args:
        account: The account's id.
        contacts: The ids of its contacts.
        currency: What it pays in.
        basket: What it usually spends at once, in minor units.
    """

    account: UUID
    contacts: Sequence[UUID]
    currency: str
    basket: int


def activity_rows(
    chance: random.Random,
    customer: Organization | Person,
    account: UUID,
    contacts: Sequence[UUID],
    now: datetime,
) -> Iterator[dict[str, object]]:
    """Yield a customer's year of activities as the API takes them.

    Args:
        chance: The source of every choice.
        customer: Whose year.
        account: The id of its account.
        contacts: The ids of its contacts.
        now: The moment that the year ends; nothing but what is due lies after it.
    """
    cast = DemoPeople(account, contacts, currency_of(customer.country), _basket(chance, customer))
    yield from _chapter(chance, cast, customer.stage, now)


def _basket(chance: random.Random, customer: Organization | Person) -> int:
    usual = customer.employees * 400 if isinstance(customer, Organization) else 6_000
    scale = 100 if customer.country == "JP" else 1
    return round(usual * chance.uniform(0.6, 1.6)) * 10 // scale


def _chapter(
    chance: random.Random, cast: DemoPeople, stage: LifecycleStage, now: datetime
) -> Iterator[dict[str, object]]:
    """Yield the year of one customer, as its stage tells it."""
    if stage is LifecycleStage.CUSTOMER:
        yield from _purchases(chance, cast, now, YEAR, 0, fading=False)
        yield from _events(chance, cast, now, TALKS, 12, YEAR, 0)
        yield from _events(chance, cast, now, TROUBLES, 1, YEAR, 0)
    elif stage is LifecycleStage.AT_RISK:
        yield from _purchases(chance, cast, now, YEAR, 45, fading=True)
        yield from _events(chance, cast, now, TALKS, 5, YEAR, 150)
        yield from _events(chance, cast, now, TROUBLES, 7, 150, 3)
        yield _task(cast, now, "Win back: call, and offer a service review")
    elif stage is LifecycleStage.CHURNED:
        yield from _purchases(chance, cast, now, YEAR, 170, fading=True)
        yield from _events(chance, cast, now, TROUBLES, 6, 240, 150)
        yield _event(
            chance, cast, now - timedelta(days=140), ("NOTE", "PHONE", chance.choice(FAREWELLS), -0.9)
        )
    else:
        yield from _events(chance, cast, now, TALKS, 8, 120, 2)
        yield _task(cast, now, "Send the offer")


def _purchases(
    chance: random.Random, cast: DemoPeople, now: datetime, start: int, end: int, *, fading: bool
) -> Iterator[dict[str, object]]:
    """Yield purchases from `start` to `end` days ago; where they fade, ever fewer and ever smaller ones."""
    usual_gap = chance.uniform(6, 14)
    gap, basket, day = usual_gap, float(cast.basket), start - chance.uniform(0, usual_gap)
    while day > end:
        value = max(1, round(basket * chance.lognormvariate(0, 0.4)))
        yield _event(
            chance, cast, _moment(chance, now, day), ("PURCHASE", "WEB", chance.choice(GOODS), None), value
        )
        if chance.random() < 0.04:
            back = _moment(chance, now, max(day - 5, 0.1))
            yield _event(chance, cast, back, ("RETURN", "POST", "Goods sent back", -0.2), -value // 3)
        if fading:
            gap, basket = gap * 1.12, basket * 0.93
        day -= gap * chance.uniform(0.6, 1.4)


def _events(
    chance: random.Random,
    cast: DemoPeople,
    now: datetime,
    kinds: Sequence[tuple[str, str, str, float]],
    number: int,
    start: int,
    end: int,
) -> Iterator[dict[str, object]]:
    """Yield about `number` events of the given kinds from `start` to `end` days ago."""
    for _ in range(max(1, number + chance.randint(-2, 2))):
        yield _event(chance, cast, _moment(chance, now, chance.uniform(end, start)), chance.choice(kinds))


def _event(
    chance: random.Random,
    cast: DemoPeople,
    moment: datetime,
    told: tuple[str, str, str, float | None],
    value: int | None = None,
) -> dict[str, object]:
    kind, channel, subject, mood = told
    talked = kind in ("CALL", "MEETING", "VISIT", "CHAT")
    return {
        "account": {"id": str(cast.account)},
        "contact": {"id": str(chance.choice(cast.contacts))},
        "kind": kind,
        "channel": channel,
        "direction": "INTERNAL"
        if kind == "NOTE"
        else chance.choice(("INBOUND", "OUTBOUND"))
        if talked
        else "INBOUND",
        "subject": subject,
        "occurredAt": moment.isoformat(),
        "durationSeconds": chance.randint(4, 60) * 60 if talked else None,
        "value": None if value is None else {"minorUnits": value, "currency": cast.currency},
        "sentiment": None if mood is None else round(min(1.0, max(-1.0, chance.gauss(mood, 0.15))), 2),
    }


def _task(cast: DemoPeople, now: datetime, subject: str) -> dict[str, object]:
    return {
        "account": {"id": str(cast.account)},
        "contact": {"id": str(cast.contacts[0])},
        "kind": "TASK",
        "direction": "INTERNAL",
        "subject": subject,
        "occurredAt": now.isoformat(),
        "dueAt": (now + timedelta(days=3)).isoformat(),
    }


def _moment(chance: random.Random, now: datetime, days_ago: float) -> datetime:
    """Return a time of that day within office hours, and before now."""
    day = (now - timedelta(days=days_ago)).replace(hour=8, minute=0, second=0, microsecond=0)
    return min(day + timedelta(minutes=chance.randint(0, 600)), now)
