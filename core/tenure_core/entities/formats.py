"""Formats of text fields, such as email addresses: each function validates and normalizes a value.

The libraries are imported at first use, because their imports are slow.
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

NON_COUNTRY_CODES = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ")
)
"""Two-letter codes of CLDR that are not countries of ISO 3166-1. XK (Kosovo) is accepted, because it is in
common use."""

LANGUAGE_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*)",
    re.IGNORECASE,
)
"""A BCP 47 language tag without extensions."""


def normalize_email(value: str) -> str:
    """Return an email address with its domain in lower case. The domain is not looked up.

    Raises:
        ValueError: The text is not an email address.
    """
    if is_canonical_email(value):
        return value
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f"{value!r} is not an email address: {str(error).rstrip('.')}") from None


def normalize_phone(value: str) -> str:
    """Return a phone number in E.164 format: +442079460958.

    The length must be possible in the country. Number ranges are not checked, because numbering plans change
    more often than servers are upgraded.

    Raises:
        ValueError: The text is not a phone number, has no country code, or has an extension.
    """
    if is_canonical_phone(value):
        return value
    import phonenumbers

    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise ValueError(
            f"{value!r} is not a phone number with a country code, such as +442079460958"
        ) from None
    if number.extension:
        raise ValueError(f"{value!r} has an extension, which the E.164 format does not support")
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{value!r} is too short or too long for a phone number of this country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_url(value: str) -> str:
    """Return a URL with its scheme and host in lower case.

    Raises:
        ValueError: The text does not begin with http:// or https://, has no host, or contains spaces.
    """
    if is_canonical_url(value):
        return value
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(f"{value!r} is not a URL: the host or port is malformed") from None
    if parts.scheme not in ("http", "https") or not has_host or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError(f"{value!r} is not a URL, such as https://example.com")
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=user + at + host.lower()))


def normalize_currency(value: str) -> str:
    """Return an ISO 4217 code in upper case. Historic codes, such as DEM, are valid.

    Raises:
        ValueError: The currency does not exist.
    """
    if (code := value.upper()) not in _load_currency_codes():
        raise ValueError(f"{value!r} is not an ISO 4217 currency code, such as EUR")
    return code


def normalize_country(value: str) -> str:
    """Return an ISO 3166-1 alpha-2 code in upper case.

    Raises:
        ValueError: The country does not exist.
    """
    if (code := value.upper()) not in load_country_names():
        raise ValueError(f"{value!r} is not an ISO 3166-1 alpha-2 country code, such as DE")
    return code


def normalize_language(value: str) -> str:
    """Return a BCP 47 language tag in the case of the standard: zh-Hant-TW.

    Raises:
        ValueError: The tag is malformed, or its language, script or region does not exist.
    """
    match = LANGUAGE_TAG.fullmatch(value)
    if not match:
        raise ValueError(f"{value!r} is not a BCP 47 language tag, such as en, pt-BR or zh-Hant-TW")
    tag = match["language"].lower()
    script, region = (match["script"] or "").title(), (match["region"] or "").upper()
    if tag not in _load_english_locale().languages:
        raise ValueError(f"{value!r} has an unknown language; use a BCP 47 language tag, such as en")
    if script and script not in _load_english_locale().scripts:
        raise ValueError(f"{value!r} has an unknown script, {script}")
    if region and region not in _load_english_locale().territories:
        raise ValueError(f"{value!r} has an unknown region, {region}")
    return "-".join(part for part in (tag, script, region) if part) + match["variants"].lower()


FORMATS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": normalize_email,
        "phone": normalize_phone,
        "url": normalize_url,
        "currency": lru_cache(256)(normalize_currency),
        "country": lru_cache(256)(normalize_country),
        "language": lru_cache(256)(normalize_language),
    }
)
"""The normalization function of each format. Formats with few values are cached."""


@lru_cache(1)
def load_country_names() -> Mapping[str, str]:
    """Return the English names of all countries by ISO 3166-1 alpha-2 code."""
    names = _load_english_locale().territories
    return {
        code: name
        for code, name in names.items()
        if re.fullmatch("[A-Z]{2}", code) and code not in NON_COUNTRY_CODES
    }


@lru_cache(1)
def _load_currency_codes() -> frozenset[str]:
    return frozenset(_load_english_locale().currencies)


@lru_cache(1)
def _load_english_locale() -> Locale:
    from babel import Locale

    return Locale("en")
