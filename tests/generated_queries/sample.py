"""Sample data: few rows with many nulls, equal values, deleted records and several scripts.

Rows are dicts with the field names of the API. A reference contains the id of the other record; dates and
times are Python objects.
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
from tenure_core.catalog.catalog import EntityInfo
from tenure_core.catalog.external_refs import EXTERNAL_REF, EXTERNAL_REFS, REF_FIELDS
from tenure_core.catalog.fields import CompositeField, ScalarField, ToOne
from tenure_core.entities.scalar_types import JSON

Row = dict[str, Any]


class Sample(dict[str, list[Row]]):
    """Rows by entity, with a short repr."""

    def __repr__(self) -> str:
        return f"Sample({', '.join(f'{len(rows)} {name}' for name, rows in self.items())})"


CATALOG = build_catalog(computed=[(PLUGIN, field) for field in COMPUTED])

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
"""Keys are in the order of jsonb: by length, then by bytes."""
SYSTEMS = ["erp", "ERP", "店"]
MONEY = [(100, "EUR"), (250, "EUR"), (-175, "EUR"), (9_007_199_254_740_991, "USD"), (1, "JPY"), (0, "USD")]


class _Generator:
    """Draws values from short lists, and many nulls; deterministic for a seed."""

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
        text = self.maybe(values)
        return None if text is None else text + self._mark

    def money(self) -> Row | None:
        amount = self.maybe(MONEY)
        return None if amount is None else {"minorUnits": amount[0], "currency": amount[1]}

    def parts(self, choices: Mapping[str, Any]) -> Row | None:
        parts = {name: self.maybe(values) for name, values in choices.items()}
        return parts if any(value is not None for value in parts.values()) else None

    def tags(self) -> list[str]:
        return self._random.sample(TAGS, self._random.randrange(3))

    def refs(self, number: int) -> list[Row]:
        """Draw keys in other systems; records of several entities have the same keys."""
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

    def record(self, number: int, entity: int) -> Row:
        # Every fifth record is deleted, and some of these are referenced.
        deleted = self.pick(TIMES) if number % 5 == 2 else None
        return {
            "id": f"01900000-{entity:04x}-7000-8000-{number:012x}",
            "version": self.pick([1, 2, 3]),
            "createdAt": self.pick(TIMES[:3]),
            "updatedAt": self.pick(TIMES),
            "deletedAt": deleted,
        }


def sample(seed: int = 7, first_id: int = 0x100, mark: str = "") -> Sample:
    """Return twelve accounts, twenty-five contacts and sixty activities.

    Args:
        seed: The seed of the random generator.
        first_id: The number in the first id.
        mark: A suffix of every text.
    """
    generator = _Generator(seed, mark)
    accounts: list[Row] = []
    for number in range(first_id, first_id + 12):
        accounts.append(_account(generator, number, [a["id"] for a in accounts] or [None]))
    contacts = [_contact(generator, n, accounts) for n in range(first_id, first_id + 25)]
    activities = [_activity(generator, n, accounts, contacts) for n in range(first_id, first_id + 60)]
    entities = Sample(Account=accounts, Contact=contacts, Activity=activities)
    key_generator = _Generator(seed, mark)
    for rows in entities.values():
        for number, row in enumerate(rows):
            row[EXTERNAL_REFS] = key_generator.refs(number)
    compute(entities)
    return entities


def _values(entity: str, field: str) -> tuple[str, ...]:
    scalar = CATALOG[entity].fields[field]
    assert isinstance(scalar, ScalarField)
    return scalar.scalar_type.values


def _account(generator: _Generator, number: int, parents: list[str | None]) -> Row:
    return {
        **generator.record(number, 1),
        "name": generator.text(NAMES),
        "kind": generator.pick(_values("Account", "kind")),
        "lifecycleStage": generator.pick(_values("Account", "lifecycleStage")[:3]),
        "industry": generator.maybe_text(WORDS),
        "tier": generator.maybe_text(["gold", "Gold", "silver"]),
        "website": generator.maybe_text(["https://a.example/x", "https://müller.example"]),
        "phone": generator.maybe_text(["+4930123456", "+8621555"]),
        "email": generator.maybe_text(["info@a.example", "x@b.example"]),
        "address": generator.parts(
            {
                "street": ["Am Platz 1"],
                "city": ["Köln", "上海"],
                "region": ["NRW"],
                "postalCode": ["50667", "0123"],
                "country": ["DE", "CN", "GB"],
            }
        ),
        "annualRevenue": generator.money(),
        "employees": generator.maybe([0, 1, 10, 250]),
        "owner": generator.maybe_text(["kim", "Ana"]),
        "parent": generator.maybe(parents),
        "tags": generator.tags(),
        "attributes": generator.pick(DOCUMENTS),
    }


def _contact(generator: _Generator, number: int, accounts: list[Row]) -> Row:
    consent = {
        channel: ["UNKNOWN", "GRANTED", "DENIED"] for channel in ("email", "phone", "sms", "chat", "post")
    }
    return {
        **generator.record(number, 2),
        "account": generator.maybe(accounts[:6]) and generator.pick(accounts[:6])["id"],
        "firstName": generator.maybe_text(["Zoë", "Ana", "海"]),
        "lastName": generator.text(NAMES),
        "email": generator.maybe_text(["a@a.example", "B@b.example"]),
        "phone": generator.maybe_text(["+4930123456"]),
        "title": generator.maybe_text(["Head of 上海", "buyer", "Buyer"]),
        "decisionRole": generator.maybe(_values("Contact", "decisionRole")[:3]),
        "birthday": generator.maybe([date(1980, 2, 29), date(1980, 2, 28), date(1999, 12, 31)]),
        "preferredChannel": generator.maybe(_values("Contact", "preferredChannel")[:3]),
        "preferredLanguage": generator.maybe_text(["de", "zh-Hans", "en"]),
        "consent": generator.parts(consent),
        "tags": generator.tags(),
        "attributes": generator.pick(DOCUMENTS),
    }


def _activity(generator: _Generator, number: int, accounts: list[Row], contacts: list[Row]) -> Row:
    return {
        **generator.record(number, 3),
        "account": generator.maybe(a["id"] for a in accounts[:7]),
        "contact": generator.maybe(c["id"] for c in contacts[:9]),
        "kind": generator.pick(_values("Activity", "kind")[:4]),
        "channel": generator.maybe(_values("Activity", "channel")[:3]),
        "direction": generator.maybe(_values("Activity", "direction")),
        "subject": generator.maybe_text(WORDS),
        "body": generator.maybe_text(WORDS + NAMES),
        "occurredAt": generator.pick(TIMES),
        "durationSeconds": generator.maybe([0, 60, 61, 3600]),
        "dueAt": generator.maybe(TIMES),
        "completedAt": generator.maybe(TIMES),
        "outcome": generator.maybe_text(["won", "lost", ""]),
        "value": generator.money(),
        "sentiment": generator.maybe([-1.0, -0.25, 0.0, 0.5, 1.0]),
        "attributes": generator.pick(DOCUMENTS),
    }


def insert(database_url: str, tenant_id: uuid.UUID, rows: Sample) -> None:
    """Insert rows into the tables of a tenant as the owner, with ids, versions and times."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('tenure.tenant_id', %s, true)", (str(tenant_id),))
        for entity in CATALOG.entities.values():
            tenant = {"tenant_id": tenant_id}
            stored = [tenant | dict(_columns(entity, row)) for row in rows[entity.name]]
            _insert(connection, entity.table.name, stored)
            keys = [tenant | key for row in rows[entity.name] for key in _keys(entity, row)]
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
        values = {field.column.name: ref[name] for name, field in REF_FIELDS.items()}
        yield {"entity": entity.name, "record_id": row["id"], **values}


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
"""The sample that most queries read."""
