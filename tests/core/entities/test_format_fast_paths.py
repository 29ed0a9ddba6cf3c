"""Fast checks of formats: the library returns each accepted value unchanged."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenure_core.entities.format_fast_paths import is_canonical_email, is_canonical_phone, is_canonical_url

LOCAL = st.text("aZ0_.+-'!é", min_size=1, max_size=8)
DOMAIN = st.lists(st.text("ax0-", min_size=1, max_size=6), min_size=1, max_size=3).map(".".join)
TOP = st.sampled_from(["de", "com", "test", "local", "onion", "arpa", "invalid", "example", "x1", "xn--p1ai"])
EMAILS = st.builds("{}@{}.{}".format, LOCAL, DOMAIN, TOP) | st.from_regex(
    r"[a-z0-9._+-]{1,70}@([a-z0-9-]{1,66}\.){1,4}[a-z]{2,5}", fullmatch=True
)
COUNTRY_CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
PHONES = st.builds("+{}{}".format, COUNTRY_CODES, st.text("0123456789", min_size=1, max_size=15))


def normalize_email(value: str) -> str | None:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def normalize_phone(value: str) -> str | None:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@settings(deadline=None, max_examples=300)
@given(value=EMAILS)
@example("a" * 64 + "@" + "b" * 63 + ".de")
@example("a" * 65 + "@b.de")
@example("a@" + "b" * 64 + ".de")
@example("a@" + ".".join(["b" * 60] * 5) + ".de")
@example("a@ab--c.de")
@example("info@b.de")
@example("a@b.de\n")
def test_a_canonical_email_is_unchanged_by_the_library(value: str) -> None:
    assert not is_canonical_email(value) or normalize_email(value) == value


@settings(deadline=None, max_examples=800)
@given(value=PHONES)
@example("+4402079460958")
@example("+390212345678")
@example("+12024561111\n")
@example("+1" + "2" * 14)
def test_a_canonical_phone_number_is_unchanged_by_the_library(value: str) -> None:
    assert not is_canonical_phone(value) or normalize_phone(value) == value


def normalize_url(value: str) -> str | None:
    parts = urlsplit(value)
    if not parts.hostname or parts.port == 0:
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.lower()))


@settings(deadline=None, max_examples=300)
@given(value=st.from_regex(r"https?://[a-z0-9.:@-]{0,12}(/[A-Za-z0-9/_.~%?#;-]{0,12})?", fullmatch=True))
@example("https://example.com/a//b/../c")
@example("https://example.com/?")
def test_a_canonical_url_is_unchanged_by_the_library(value: str) -> None:
    assert not is_canonical_url(value) or normalize_url(value) == value


@pytest.mark.parametrize("value", ["https://example.com", "http://a-b.example/Path/x_1.html"])
def test_ordinary_urls_are_canonical(value: str) -> None:
    assert is_canonical_url(value)


@pytest.mark.parametrize(
    "value", ["anna@example.com", "a.b+c@mail.example.co.uk", "office@customer7.example", "x_1@a-b.de"]
)
def test_ordinary_emails_are_canonical(value: str) -> None:
    assert is_canonical_email(value)


@pytest.mark.parametrize("value", ["+442079460958", "+12024561111", "+8613800138000", "+4930901820"])
def test_ordinary_phone_numbers_are_canonical(value: str) -> None:
    assert is_canonical_phone(value)
