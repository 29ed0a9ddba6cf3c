"""Fast checks for canonical email addresses, phone numbers and URLs, which need no normalization.

A value that no check accepts is not necessarily invalid: `formats` passes it to the library. A property test
compares both for random values.
"""

from __future__ import annotations

import re
from functools import lru_cache

EMAIL = re.compile(
    r"(?P<local>[a-z0-9_]+(?:[.+-][a-z0-9_]+)*)@"
    r"(?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)\.)+(?P<top>[a-z]{2,24})",
    re.ASCII,
)
SPECIAL_USE_DOMAINS = frozenset(("arpa", "invalid", "local", "localhost", "onion", "test"))
"""Top-level domains that do not receive email (SPECIAL_USE_DOMAIN_NAMES of email-validator)."""

MAX_EMAIL_LENGTH, MAX_LOCAL_LENGTH = 254, 64
"""RFC 5321 4.5.3.1, with errata 1690 of RFC 3696."""

PHONE = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
URL = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9/_.~%-]*)?", re.ASCII)


def is_canonical_url(value: str) -> bool:
    """Return whether a text is a URL in canonical form."""
    return URL.fullmatch(value) is not None


def is_canonical_email(value: str) -> bool:
    """Return whether a text is an email address in canonical form."""
    match = EMAIL.fullmatch(value)
    return (
        match is not None
        and len(value) <= MAX_EMAIL_LENGTH
        and len(match["local"]) <= MAX_LOCAL_LENGTH
        and match["top"] not in SPECIAL_USE_DOMAINS
    )


def is_canonical_phone(value: str) -> bool:
    """Return whether a text is a phone number in E.164 format that is possible in its country."""
    if not PHONE.fullmatch(value):
        return False
    digits = value[1:]
    for length in (1, 2, 3):
        numbering_plan = _load_numbering_plan(digits[:length])
        if numbering_plan is not None:
            lengths, prefix = numbering_plan
            number = digits[length:]
            return number[0] != "0" and len(number) in lengths and not (prefix and prefix.match(number))
    return False


@lru_cache(maxsize=2_048)
def _load_numbering_plan(country_code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Return the lengths and the trunk prefix of a country's numbers; None for an unknown country code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(country_code))
    if regions is None:
        return None
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(country_code), regions[0])
    if metadata is None or metadata.general_desc is None:
        return frozenset(), None
    prefix = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None
