"""Plain forms: values that a format's library would give back as they are, told without asking it.

A large library takes its time over one email address, phone number or URL; nearly all that are sent are
plain. What is not taken here is not wrong: the library then decides. A property test holds that both agree.
"""

from __future__ import annotations

import re
from functools import lru_cache

EMAIL = re.compile(
    r"(?P<local>[a-z0-9_]+(?:[.+-][a-z0-9_]+)*)@"
    r"(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)\.)+(?P<top>[a-z]{2,24})",
    re.ASCII,
)
SPECIAL = frozenset(("arpa", "invalid", "local", "localhost", "onion", "test"))
"""Top-level domains that email can't be sent to (email-validator's SPECIAL_USE_DOMAIN_NAMES)."""

LONGEST_EMAIL, LONGEST_LOCAL = 254, 64
"""RFC 5321 4.5.3.1, with errata 1690 of RFC 3696."""

PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)


URL = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9/_.~%-]*)?", re.ASCII)


def is_canonical_url(value: str) -> bool:
    """Return whether a text is a web address in the one form in which addresses are stored."""
    return URL.fullmatch(value) is not None


def is_canonical_email(value: str) -> bool:
    """Return whether a text is an email address in the one form in which addresses are stored."""
    found = EMAIL.fullmatch(value)
    return (
        found is not None
        and len(value) <= LONGEST_EMAIL
        and len(found["local"]) <= LONGEST_LOCAL
        and found["top"] not in SPECIAL
    )


def is_canonical_phone(value: str) -> bool:
    """Return whether a text is a possible phone number in E.164 form."""
    if not PHONE.fullmatch(value):
        return False
    digits = value[1:]
    for length in (1, 2, 3):
        plan = _plan(digits[:length])
        if plan is not None:
            lengths, prefix = plan
            number = digits[length:]
            return number[0] != "0" and len(number) in lengths and not (prefix and prefix.match(number))
    return False


@lru_cache(maxsize=2_048)
def _plan(country_code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Return how long a country's numbers are, and what it may cut off their front; None for no country."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(country_code))
    if regions is None:
        return None
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(country_code), regions[0])
    if metadata is None or metadata.general_desc is None:
        return frozenset(), None
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None
