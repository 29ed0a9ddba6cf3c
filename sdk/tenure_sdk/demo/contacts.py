"""The people at the demo's customers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tenure_sdk.demo.accounts import Organization, Person


class Names(NamedTuple):
    """The names and the language that are usual where a customer is."""

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
"""The names of each country; every other one here uses the English ones."""

TITLES = (
    ("Managing director", "DECISION_MAKER"),
    ("Head of purchasing", "DECISION_MAKER"),
    ("Purchasing manager", "CHAMPION"),
    ("Plant manager", "INFLUENCER"),
    ("Operations manager", "USER"),
    ("Financial controller", "GATEKEEPER"),
    ("Head of IT", "BLOCKER"),
)


def contact_rows(
    chance: random.Random, customer: Organization | Person, today: date
) -> list[dict[str, object]]:
    """Return a customer's contacts as the API takes them, yet without their account.

    Two to five at an organization; a private customer is its own and only one.

    Args:
        chance: The source of every choice.
        customer: Whose contacts.
        today: The day that birthdays are counted back from.
    """
    people = _colleagues(chance, customer) if isinstance(customer, Organization) else [_self(customer)]
    return [_habits(chance, customer.country, today) | person for person in people]


def _colleagues(chance: random.Random, organization: Organization) -> list[dict[str, object]]:
    titles = chance.sample(TITLES, chance.randint(2, 5))
    names = NAMES.get(organization.country, ENGLISH)
    firsts, lasts = chance.sample(names.first, len(titles)), chance.choices(names.last, k=len(titles))
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


def _self(person: Person) -> dict[str, object]:
    first, _, last = person.name.rpartition(" ")
    return {"firstName": first or None, "lastName": last, "decisionRole": "DECISION_MAKER"}


def _habits(chance: random.Random, country: str, today: date) -> dict[str, object]:
    asked = ("GRANTED", "GRANTED", "DENIED", "UNKNOWN")
    return {
        "preferredChannel": chance.choice(("EMAIL", "PHONE", "CHAT", "IN_PERSON")),
        "preferredLanguage": NAMES.get(country, ENGLISH).language,
        "birthday": (today - timedelta(days=chance.randint(25 * 365, 62 * 365))).isoformat(),
        "consent": {"email": chance.choice(asked), "phone": chance.choice(asked)},
    }
