"""The demo contacts: the people at the demo accounts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tenure_sdk.demo.accounts import Organization, Person


class Names(NamedTuple):
    """Typical names of a country, and its language."""

    language: str
    first: Sequence[str]
    last: Sequence[str]


ENGLISH = Names(
    "en",
    (
        "Alice",
        "Daniel",
        "Grace",
        "Henry",
        "Isla",
        "Malik",
        "Nora",
        "Owen",
        "Priya",
        "Ruth",
        "Samuel",
        "Tessa",
    ),
    (
        "Barlow",
        "Chandra",
        "Doyle",
        "Ellis",
        "Fletcher",
        "Hughes",
        "Kerr",
        "Mensah",
        "Osborne",
        "Reid",
        "Shah",
    ),
)
CHINESE = Names(
    "zh-Hans",
    ("伟", "芳", "敏", "静", "磊", "洋", "艳", "志强", "建国", "丽华", "晓明", "雪梅"),
    ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"),
)
NAMES: Mapping[str, Names] = {
    "CN": CHINESE,
    "DE": Names(
        "de",
        ("Anke", "Bernd", "Clara", "Dirk", "Elif", "Jürgen", "Katrin", "Lukas"),
        ("Brandt", "Fuchs", "Krüger", "Lang", "Möller", "Yılmaz"),
    ),
    "CH": Names(
        "de",
        ("Beat", "Céline", "Reto", "Sandra", "Urs", "Vreni"),
        ("Ammann", "Baumgartner", "Favre", "Keller", "Zürcher"),
    ),
    "FR": Names(
        "fr",
        ("Agathe", "Bastien", "Chloé", "Émile", "Inès", "Julien"),
        ("Girard", "Lambert", "Morel", "Petit", "Renard"),
    ),
    "IT": Names(
        "it",
        ("Chiara", "Davide", "Elisa", "Luca", "Paola", "Stefano"),
        ("Bianchi", "Conti", "Gallo", "Ricci", "Serra"),
    ),
    "ES": Names(
        "es",
        ("Álvaro", "Carmen", "Íñigo", "Lucía", "Marta", "Rafael"),
        ("Ibáñez", "Lozano", "Navarro", "Peña", "Vidal"),
    ),
    "SE": Names(
        "sv",
        ("Astrid", "Björn", "Elin", "Nils", "Saga", "Åke"),
        ("Bergman", "Ekström", "Lindqvist", "Nyberg", "Öberg"),
    ),
    "JP": Names("ja", ("健一", "美咲", "大輔", "由美", "翔太"), ("佐藤", "鈴木", "高橋", "田中", "伊藤")),
}
"""Names by country. The other countries of the demo use English names."""

TITLES = (
    ("Managing director", "DECISION_MAKER"),
    ("Head of purchasing", "DECISION_MAKER"),
    ("Purchasing manager", "CHAMPION"),
    ("Plant manager", "INFLUENCER"),
    ("Operations manager", "USER"),
    ("Financial controller", "GATEKEEPER"),
    ("Head of IT", "BLOCKER"),
)


def contact_rows(rng: random.Random, customer: Organization | Person, today: date) -> list[dict[str, object]]:
    """Return the mutation inputs of a customer's contacts, without `account`.

    An organization has two to five contacts. A person is their own only contact.

    Args:
        rng: The random generator.
        customer: The customer.
        today: The current day, from which birthdays are computed.
    """
    people = _employee_rows(rng, customer) if isinstance(customer, Organization) else [_person_row(customer)]
    return [_preferences(rng, customer.country, today) | person for person in people]


def _employee_rows(rng: random.Random, organization: Organization) -> list[dict[str, object]]:
    titles = rng.sample(TITLES, rng.randint(2, 5))
    names = NAMES.get(organization.country, ENGLISH)
    firsts, lasts = rng.sample(names.first, len(titles)), rng.choices(names.last, k=len(titles))
    return [
        {
            "firstName": first,
            "lastName": last,
            "title": title,
            "decisionRole": role,
            "email": f"{role.lower().replace('_', '.')}{number}@{organization.domain}.example",
        }
        for number, (first, last, (title, role)) in enumerate(zip(firsts, lasts, titles, strict=True), 1)
    ]


def _person_row(person: Person) -> dict[str, object]:
    first, _, last = person.name.rpartition(" ")
    return {"firstName": first or None, "lastName": last, "decisionRole": "DECISION_MAKER"}


def _preferences(rng: random.Random, country: str, today: date) -> dict[str, object]:
    consents = ("GRANTED", "GRANTED", "DENIED", "UNKNOWN")
    return {
        "preferredChannel": rng.choice(("EMAIL", "PHONE", "CHAT", "IN_PERSON")),
        "preferredLanguage": NAMES.get(country, ENGLISH).language,
        "birthday": (today - timedelta(days=rng.randint(25 * 365, 62 * 365))).isoformat(),
        "consent": {"email": rng.choice(consents), "phone": rng.choice(consents)},
    }
