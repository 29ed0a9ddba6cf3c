"""Sample data: small, and full of empty values, equal ones, deleted records, and scripts.

Rows are dicts as the API names things. A reference holds the other record's id; dates and times are Python's.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from tests.generated_queries.sample_computed import COMPUTED, PLUGIN, compute

from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.catalog import CompositeField, EntityInfo, ScalarField, ToOne
from tenure_core.catalog.external_refs import EXTERNAL_REF, EXTERNAL_REFS, REF_FIELDS
from tenure_core.entities.scalar_types import JSON

Row = dict[str, Any]


class Sample(dict[str, list[Row]]):
    """Rows by entity; short in messages."""

    def __repr__(self) -> str:
        return f"Sample({', '.join(f'{len(rows)} {name}' for name, rows in self.items())})"


CATALOG = build_catalog(computed=[(PLUGIN, one) for one in COMPUTED])

MORNING = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
TIMES = [
    MORNING,
    MORNING + timedelta(minutes=30),
    MORNING + timedelta(days=1, microseconds=120_000),
    MORNING + timedelta(days=29),
    datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
]
NAMES = [
    "Müller GmbH",
    "Mueller GmbH",
    "ACME",
    "acme",
    "Zoë",
    "Zoe\u0308",
    "上海贸易公司",
    "北京上海",
    "O'Brien 100%_\\",
    'Say "Hi" 🎈',
    "",
]
WORDS = [
    "call 上海 back",
    "Crème brûlée",
    "urgent: late delivery",
    "späte Lieferung",
    "ＡＣＭＥ late",
    "a_b c%d",
]
TAGS = ["vip", "VIP", "新", "late payer", ""]
DOCUMENTS = [
    {},
    {"erp": {"id": 7, "blocked": False}},
    {"erp": {"id": 7.5, "blocked": None}, "刷": ["a", 1, {"b": 2}]},
    {"erp": "7", "list": [1, 2, 3], "score": 3},
    {"flag": True, "list": [], "score": -0.5},
]
"""Their keys are in the order in which jsonb keeps them: by length, then by bytes."""
SYSTEMS = ["erp", "ERP", "店"]
MONEY = [(100, "EUR"), (250, "EUR"), (-175, "EUR"), (9_007_199_254_740_991, "USD"), (1, "JPY"), (0, "USD")]


class _Dice:
    """Draws the same values for the same seed: many empty, and from small lists, so that many are equal."""

    def __init__(self, seed: int, mark: str) -> None:
        self._random = random.Random(seed)
        self._mark = mark

    def pick(self, values: Any) -> Any:
        return self._random.choice(list(values))

    def maybe(self, values: Any) -> Any:
        return self.pick(values) if self._random.random() < 0.6 else None

    def text(self, values: list[str]) -> str:
        return self.pick(values) + self._mark

    def maybe_text(self, values: list[str]) -> str | None:
        found = self.maybe(values)
        return None if found is None else found + self._mark

    def money(self) -> Row | None:
        found = self.maybe(MONEY)
        return None if found is None else {"minorUnits": found[0], "currency": found[1]}

    def parts(self, choices: Mapping[str, Any]) -> Row | None:
        found = {name: self.maybe(values) for name, values in choices.items()}
        return found if any(value is not None for value in found.values()) else None

    def tags(self) -> list[str]:
        return self._random.sample(TAGS, self._random.randrange(3))

    def refs(self, number: int) -> list[Row]:
        """Draw keys in other systems: records of several entities have the same ones."""
        keys = [(system, f"{number:03}{end}") for system in SYSTEMS for end in ("", "b")]
        return [
            {
                "system": system,
                "externalId": key + self._mark,
                "url": self.maybe_text(["https://erp.example/7", ""]),
                "sourceVersion": self.maybe(["5", "05", "2026-01-31T23:30:00Z"]),
                "syncedAt": self.pick(TIMES),
            }
            for system, key in self._random.sample(keys, self._random.choice([0, 0, 1, 1, 3]))
        ]

    def record(self, number: int, kind: int) -> Row:
        # Every fifth is deleted, so that records that others refer to are among them.
        deleted = self.pick(TIMES) if number % 5 == 2 else None
        return {
            "id": f"01900000-{kind:04x}-7000-8000-{number:012x}",
            "version": self.pick([1, 2, 3]),
            "createdAt": self.pick(TIMES[:3]),
            "updatedAt": self.pick(TIMES),
            "deletedAt": deleted,
        }


def sample(seed: int = 7, first_id: int = 0x100, mark: str = "") -> Sample:
    """Return twelve accounts, twenty-five contacts and sixty activities.

    Args:
        seed: Another seed gives other rows of the same sort.
        first_id: The number in the first id.
        mark: What every text ends with.
    """
    dice = _Dice(seed, mark)
    accounts: list[Row] = []
    for number in range(first_id, first_id + 12):
        accounts.append(_account(dice, number, [a["id"] for a in accounts] or [None]))
    contacts = [_contact(dice, n, accounts) for n in range(first_id, first_id + 25)]
    activities = [_activity(dice, n, accounts, contacts) for n in range(first_id, first_id + 60)]
    found = Sample(Account=accounts, Contact=contacts, Activity=activities)
    of_keys = _Dice(seed, mark)
    for rows in found.values():
        for number, row in enumerate(rows):
            row[EXTERNAL_REFS] = of_keys.refs(number)
    compute(found)
    return found


def _values(entity: str, field: str) -> tuple[str, ...]:
    found = CATALOG[entity].fields[field]
    assert isinstance(found, ScalarField)
    return found.scalar_type.values


def _account(dice: _Dice, number: int, parents: list[str | None]) -> Row:
    return {
        **dice.record(number, 1),
        "name": dice.text(NAMES),
        "kind": dice.pick(_values("Account", "kind")),
        "lifecycleStage": dice.pick(_values("Account", "lifecycleStage")[:3]),
        "industry": dice.maybe_text(WORDS),
        "tier": dice.maybe_text(["gold", "Gold", "silver"]),
        "website": dice.maybe_text(["https://a.example/x", "https://müller.example"]),
        "phone": dice.maybe_text(["+4930123456", "+8621555"]),
        "email": dice.maybe_text(["info@a.example", "x@b.example"]),
        "address": dice.parts(
            {
                "street": ["Am Platz 1"],
                "city": ["Köln", "上海"],
                "region": ["NRW"],
                "postalCode": ["50667", "0123"],
                "country": ["DE", "CN", "GB"],
            }
        ),
        "annualRevenue": dice.money(),
        "employees": dice.maybe([0, 1, 10, 250]),
        "owner": dice.maybe_text(["kim", "Ana"]),
        "parent": dice.maybe(parents),
        "tags": dice.tags(),
        "attributes": dice.pick(DOCUMENTS),
    }


def _contact(dice: _Dice, number: int, accounts: list[Row]) -> Row:
    consent = {way: ["UNKNOWN", "GRANTED", "DENIED"] for way in ("email", "phone", "sms", "chat", "post")}
    return {
        **dice.record(number, 2),
        "account": dice.maybe(accounts[:6]) and dice.pick(accounts[:6])["id"],
        "firstName": dice.maybe_text(["Zoë", "Ana", "海"]),
        "lastName": dice.text(NAMES),
        "email": dice.maybe_text(["a@a.example", "B@b.example"]),
        "phone": dice.maybe_text(["+4930123456"]),
        "title": dice.maybe_text(["Head of 上海", "buyer", "Buyer"]),
        "decisionRole": dice.maybe(_values("Contact", "decisionRole")[:3]),
        "birthday": dice.maybe([date(1980, 2, 29), date(1980, 2, 28), date(1999, 12, 31)]),
        "preferredChannel": dice.maybe(_values("Contact", "preferredChannel")[:3]),
        "preferredLanguage": dice.maybe_text(["de", "zh-Hans", "en"]),
        "consent": dice.parts(consent),
        "tags": dice.tags(),
        "attributes": dice.pick(DOCUMENTS),
    }


def _activity(dice: _Dice, number: int, accounts: list[Row], contacts: list[Row]) -> Row:
    return {
        **dice.record(number, 3),
        "account": dice.maybe(a["id"] for a in accounts[:7]),
        "contact": dice.maybe(c["id"] for c in contacts[:9]),
        "kind": dice.pick(_values("Activity", "kind")[:4]),
        "channel": dice.maybe(_values("Activity", "channel")[:3]),
        "direction": dice.maybe(_values("Activity", "direction")),
        "subject": dice.maybe_text(WORDS),
        "body": dice.maybe_text(WORDS + NAMES),
        "occurredAt": dice.pick(TIMES),
        "durationSeconds": dice.maybe([0, 60, 61, 3600]),
        "dueAt": dice.maybe(TIMES),
        "completedAt": dice.maybe(TIMES),
        "outcome": dice.maybe_text(["won", "lost", ""]),
        "value": dice.money(),
        "sentiment": dice.maybe([-1.0, -0.25, 0.0, 0.5, 1.0]),
        "attributes": dice.pick(DOCUMENTS),
    }


def insert(database_url: str, tenant_id: uuid.UUID, rows: Sample) -> None:
    """Put rows into the tables of a tenant as the owner, with their ids, versions and times."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('tenure.tenant_id', %s, true)", (str(tenant_id),))
        for entity in CATALOG.entities.values():
            of_tenant = {"tenant_id": tenant_id}
            stored = [of_tenant | dict(_columns(entity, row)) for row in rows[entity.name]]
            _insert(connection, entity.table.name, stored)
            keys = [of_tenant | key for row in rows[entity.name] for key in _keys(entity, row)]
            _insert(connection, EXTERNAL_REF.name, keys)


def _insert(connection: psycopg.Connection[Any], table: str, stored: list[Row]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, stored[0])),
        sql.SQL(", ").join(map(sql.Placeholder, stored[0])),
    )
    connection.cursor().executemany(statement, stored)


def _keys(entity: EntityInfo, row: Row) -> Iterator[Row]:
    for ref in row[EXTERNAL_REFS]:
        said = {field.column.name: ref[name] for name, field in REF_FIELDS.items()}
        yield {"entity": entity.name, "record_id": row["id"], **said}


def _columns(entity: EntityInfo, row: Row) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if name == EXTERNAL_REFS:
            continue
        field = entity.fields[name]
        if isinstance(field, CompositeField):
            for part in field.parts.values():
                yield part.column.name, None if value is None else value[part.name]
        elif isinstance(field, ScalarField) and field.scalar_type == JSON:
            yield field.column.name, Jsonb(value)
        elif isinstance(field, ToOne) or (isinstance(field, ScalarField) and not field.plugin):
            yield field.column.name, value


ROWS = sample()
"""The sample that questions are asked about."""
