"""The demo accounts: fictitious customers of a supplier of industrial and office goods."""

from __future__ import annotations

import random
from typing import NamedTuple

from tenure_core.entities.model import LifecycleStage

CUSTOMER, AT_RISK = LifecycleStage.CUSTOMER, LifecycleStage.AT_RISK
CHURNED, PROSPECT, LEAD = LifecycleStage.CHURNED, LifecycleStage.PROSPECT, LifecycleStage.LEAD

OWNERS = ("Amara Okafor", "Jonas Weber", "Lin Yue", "Sofia Marchetti")
CURRENCIES = {"GB": "GBP", "US": "USD", "CN": "CNY", "JP": "JPY", "CH": "CHF", "SE": "SEK", "SG": "SGD"}
"""Currencies by country. The other countries of the demo use EUR."""


class Organization(NamedTuple):
    """A demo account of the kind ORGANIZATION. The revenue is in millions of the country's currency."""

    name: str
    domain: str
    stage: LifecycleStage
    industry: str
    country: str
    city: str
    revenue: int
    employees: int


class Person(NamedTuple):
    """A demo account of the kind PERSON."""

    name: str
    stage: LifecycleStage
    country: str
    city: str


ORGANIZATIONS = (
    Organization("Halden Bearings", "halden-bearings", CUSTOMER, "Manufacturing", "GB", "Sheffield", 42, 310),
    Organization("Pennine Textiles", "pennine-textiles", AT_RISK, "Manufacturing", "GB", "Leeds", 18, 140),
    Organization("Brackwater Foods", "brackwater-foods", CUSTOMER, "Food", "GB", "Bristol", 65, 420),
    Organization("Thistle & Rowan", "thistle-rowan", CHURNED, "Retail", "GB", "Edinburgh", 7, 55),
    Organization("Severn Logistics", "severn-logistics", CUSTOMER, "Logistics", "GB", "Cardiff", 31, 260),
    Organization("Kestrel Clinics", "kestrel-clinics", PROSPECT, "Healthcare", "GB", "London", 54, 480),
    Organization(
        "Rheintal Werkzeugbau", "rheintal-werkzeugbau", CUSTOMER, "Manufacturing", "DE", "Köln", 88, 610
    ),
    Organization("Nordlicht Energie", "nordlicht-energie", CUSTOMER, "Energy", "DE", "Hamburg", 240, 900),
    Organization("Bäckerei Sonnenfeld", "baeckerei-sonnenfeld", AT_RISK, "Food", "DE", "München", 6, 85),
    Organization("Klarbach Pharma", "klarbach-pharma", CUSTOMER, "Healthcare", "DE", "Leipzig", 130, 720),
    Organization("Atelier Beaumont", "atelier-beaumont", CUSTOMER, "Retail", "FR", "Lyon", 9, 60),
    Organization("Transports Vallier", "transports-vallier", CHURNED, "Logistics", "FR", "Lille", 22, 190),
    Organization("Verrerie d'Argonne", "verrerie-argonne", CUSTOMER, "Manufacturing", "FR", "Reims", 37, 280),
    Organization("Oliveto Alimentari", "oliveto-alimentari", AT_RISK, "Food", "IT", "Bologna", 14, 110),
    Organization("Officine Taranto", "officine-taranto", CUSTOMER, "Manufacturing", "IT", "Torino", 51, 350),
    Organization("Hotel Miramar Group", "miramar-group", LEAD, "Hospitality", "ES", "Valencia", 28, 400),
    Organization("Cítricos del Turia", "citricos-turia", CUSTOMER, "Food", "ES", "Valencia", 33, 240),
    Organization(
        "Alpenblick Präzision", "alpenblick", CUSTOMER, "Manufacturing", "CH", "Winterthur", 76, 330
    ),
    Organization("Lac Bleu Assurances", "lac-bleu", PROSPECT, "Insurance", "CH", "Lausanne", 310, 850),
    Organization("Fjällskog Trä", "fjallskog", CUSTOMER, "Forestry", "SE", "Umeå", 180, 220),
    Organization(
        "Mälardal Robotics", "malardal-robotics", AT_RISK, "Manufacturing", "SE", "Västerås", 95, 170
    ),
    Organization(
        "Great Lakes Fasteners",
        "greatlakes-fasteners",
        CUSTOMER,
        "Manufacturing",
        "US",
        "Cleveland",
        120,
        640,
    ),
    Organization("Bluebonnet Outfitters", "bluebonnet-outfitters", CHURNED, "Retail", "US", "Austin", 12, 95),
    Organization("Cascadia Software", "cascadia-software", CUSTOMER, "Software", "US", "Portland", 47, 210),
    Organization(
        "Harbor Point Medical", "harborpoint-medical", AT_RISK, "Healthcare", "US", "Baltimore", 83, 520
    ),
    Organization("Prairie Wind Farms", "prairiewind", PROSPECT, "Energy", "US", "Omaha", 150, 130),
    Organization("Sundial Analytics", "sundial-analytics", LEAD, "Software", "US", "Denver", 8, 45),
    Organization("苏州恒力精密机械有限公司", "hengli-precision", CUSTOMER, "制造业", "CN", "苏州", 460, 1200),
    Organization("杭州云栖软件有限公司", "yunqi-software", CUSTOMER, "软件", "CN", "杭州", 210, 380),
    Organization("广州南粤食品有限公司", "nanyue-foods", AT_RISK, "食品", "CN", "广州", 150, 640),
    Organization("成都锦江物流有限公司", "jinjiang-logistics", CUSTOMER, "物流", "CN", "成都", 320, 910),
    Organization("青岛海风家具有限公司", "haifeng-furniture", CHURNED, "零售", "CN", "青岛", 75, 260),
    Organization("大阪青空製作所", "aozora-works", CUSTOMER, "製造業", "JP", "大阪", 5200, 310),
    Organization("Merlion Trading", "merlion-trading", PROSPECT, "Wholesale", "SG", "Singapore", 64, 150),
)

PEOPLE = (
    Person("Eleanor Whitcombe", CUSTOMER, "GB", "York"),
    Person("Matteo Ferraro", CUSTOMER, "IT", "Verona"),
    Person("Ingrid Solberg", AT_RISK, "SE", "Göteborg"),
    Person("Marcus Delgado", CHURNED, "US", "Tucson"),
    Person("王秀英", CUSTOMER, "CN", "北京"),
    Person("Hannah Vogel", LEAD, "DE", "Bremen"),
)

CUSTOMERS: tuple[Organization | Person, ...] = (*ORGANIZATIONS, *PEOPLE)


def currency_of(country: str) -> str:
    """Return the currency of a country's customers."""
    return CURRENCIES.get(country, "EUR")


def account_row(rng: random.Random, customer: Organization | Person) -> dict[str, object]:
    """Return the mutation input of a customer's account."""
    if isinstance(customer, Organization):
        return _organization_row(rng, customer)
    return _person_row(rng, customer)


def _organization_row(rng: random.Random, organization: Organization) -> dict[str, object]:
    currency = currency_of(organization.country)
    minor_units = organization.revenue * 1_000_000 * (1 if currency == "JPY" else 100)
    tier = (
        "strategic"
        if organization.employees >= 600
        else "key"
        if organization.employees >= 200
        else "standard"
    )
    return {
        "name": organization.name,
        "kind": "ORGANIZATION",
        "lifecycleStage": organization.stage,
        "industry": organization.industry,
        "tier": tier,
        "website": f"https://www.{organization.domain}.example",
        "email": f"office@{organization.domain}.example",
        "address": {"city": organization.city, "country": organization.country},
        "annualRevenue": {"minorUnits": minor_units, "currency": currency},
        "employees": organization.employees,
        "owner": rng.choice(OWNERS),
        "tags": rng.sample(["newsletter", "fair 2025", "framework contract", "reference"], rng.randint(0, 2)),
        "attributes": {"customerNumber": f"C-{rng.randint(10_000, 99_999)}"},
    }


def _person_row(rng: random.Random, person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "kind": "PERSON",
        "lifecycleStage": person.stage,
        "tier": "standard",
        "address": {"city": person.city, "country": person.country},
        "owner": rng.choice(OWNERS),
        "tags": ["web shop"],
    }
