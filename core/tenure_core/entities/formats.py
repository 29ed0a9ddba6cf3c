"""Formats: texts that follow a standard, each checked and brought into the one form in which it is stored.

The libraries behind them are large, so each is imported when the first value needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from tenure_core.entities.format_fast_paths import is_canonical_email, is_canonical_phone, is_canonical_url

if TYPE_CHECKING:
    from babel import Locale

NOT_COUNTRIES = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ")
)
"""Two-letter codes that CLDR names beside the countries of ISO 3166-1. XK (Kosovo) is kept: trade uses it."""

LANGUAGE_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*)",
    re.IGNORECASE,
)
"""A language tag of BCP 47 without extensions."""


def email(value: str) -> str:
    """Return an email address with its domain in lower case; asks no DNS.

    Raises:
        ValueError: It is none.
    """
    if is_canonical_email(value):
        return value
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"{value!r} is not an email address: {str(error).rstrip('.')}") from None


def phone(value: str) -> str:
    """Return a phone number in E.164 form: +442079460958.

    Its length must be possible in its country. Whether the number is in use is not asked: numbering plans
    change more often than servers are upgraded.

    Raises:
        ValueError: It is none, lacks the country's code, or has an extension, which E.164 can't hold.
    """
    if is_canonical_phone(value):
        return value
    import phonenumbers

    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise ValueError(
            f"{value!r} is not a phone number with its country's code, like +442079460958"
        ) from None
    if number.extension:
        raise ValueError(f"{value!r} has an extension, which a phone number in E.164 form can't hold")
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{value!r} is too short or too long for a phone number of its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def url(value: str) -> str:
    """Return a web address, with scheme and host in lower case.

    Raises:
        ValueError: It does not begin with http:// or https://, or lacks a host, or holds spaces.
    """
    if is_canonical_url(value):
        return value
    try:
        parts = urlsplit(value)
        host_is_there = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(f"{value!r} is not a web address: its host or port is malformed") from None
    if parts.scheme not in ("http", "https") or not host_is_there or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError(f"{value!r} is not a web address like https://example.com")
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user + at + host.lower()))


def currency(value: str) -> str:
    """Return an ISO 4217 code in upper case; codes of the past, such as DEM, are known too.

    Raises:
        ValueError: There is no such currency.
    """
    if (code := value.upper()) not in _currencies():
        raise ValueError(f"{value!r} is not a currency; write its ISO 4217 code, such as EUR")
    return code


def country(value: str) -> str:
    """Return an ISO 3166-1 alpha-2 code in upper case.

    Raises:
        ValueError: There is no such country.
    """
    if (code := value.upper()) not in countries():
        raise ValueError(f"{value!r} is not a country; write its ISO 3166-1 code of two letters, such as DE")
    return code


def language(value: str) -> str:
    """Return a BCP 47 tag as the standard writes it: zh-Hant-TW.

    Raises:
        ValueError: It is malformed, or its language, script or region is unknown.
    """
    found = LANGUAGE_TAG.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is not a language tag like en, pt-BR or zh-Hant-TW")
    tag = found["language"].lower()
    script, region = (found["script"] or "").title(), (found["region"] or "").upper()
    if tag not in _english().languages:
        raise ValueError(f"{value!r} names no language; write its BCP 47 tag, such as en")
    if script and script not in _english().scripts:
        raise ValueError(f"{value!r} names no script: {script} is unknown")
    if region and region not in _english().territories:
        raise ValueError(f"{value!r} names no region: {region} is unknown")
    return "-".join(part for part in (tag, script, region) if part) + found["variants"].lower()


FORMATS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": email,
        "phone": phone,
        "url": url,
        "currency": lru_cache(256)(currency),
        "country": lru_cache(256)(country),
        "language": lru_cache(256)(language),
    }
)
"""Every format that a declaration may name. What has few values is remembered."""


@lru_cache(1)
def countries() -> Mapping[str, str]:
    """Return the English name of every country by its ISO 3166-1 alpha-2 code."""
    names = _english().territories
    return {
        code: name
        for code, name in names.items()
        if re.fullmatch("[A-Z]{2}", code) and code not in NOT_COUNTRIES
    }


@lru_cache(1)
def _currencies() -> frozenset[str]:
    return frozenset(_english().currencies)


@lru_cache(1)
def _english() -> Locale:
    from babel import Locale

    return Locale("en")
