"""Formats: accepted values, their canonical forms, and the messages for rejected values."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure_core.entities.formats import FORMATS, load_country_names


@pytest.mark.parametrize(
    ("format", "given", "stored"),
    [
        ("email", "anna@Example.COM", "anna@example.com"),
        ("email", "张三@例子.广告", "张三@例子.广告"),
        ("phone", "+44 (0)20 7946 0958", "+442079460958"),
        ("phone", "+86 138-0013-8000", "+8613800138000"),
        ("url", "HTTPS://Example.COM/Path?q=A#B", "https://example.com/Path?q=A#B"),
        ("url", "http://User@Host:8080", "http://User@host:8080"),
        ("currency", "gbp", "GBP"),
        ("country", "de", "DE"),
        ("country", "XK", "XK"),
        ("language", "ZH-hant-tw", "zh-Hant-TW"),
        ("language", "es-419", "es-419"),
        ("language", "de-CH-1996", "de-CH-1996"),
    ],
)
def test_a_valid_value_is_returned_in_canonical_form(format: str, given: str, stored: str) -> None:
    assert FORMATS[format](given) == stored


@pytest.mark.parametrize(
    ("format", "given", "hint"),
    [
        ("email", "anna", "must have an @-sign"),
        ("email", "anna@localhost", "not valid"),
        ("email", "", "must have an @-sign"),
        ("phone", "020 7946 0958", r"such as \+442079460958"),
        ("phone", "+44 20", "too short"),
        ("phone", "+44 20 7946 0958 ext. 12", "extension"),
        ("phone", "call me", r"such as \+442079460958"),
        ("url", "example.com", "such as https://example.com"),
        ("url", "ftp://example.com", "such as https://example.com"),
        ("url", "javascript:alert(1)", "such as https://example.com"),
        ("url", "https://", "such as https://example.com"),
        ("url", "https://exa mple.com", "such as https://example.com"),
        ("url", "https://example.com:99999", "port is malformed"),
        ("url", "https://[::1", "malformed"),
        ("currency", "EURO", "ISO 4217"),
        ("currency", "ZZZ", "ISO 4217"),
        ("country", "EU", "ISO 3166-1"),
        ("country", "ZZ", "ISO 3166-1"),
        ("country", "Germany", "ISO 3166-1"),
        ("language", "english", "such as en, pt-BR"),
        ("language", "qq", "unknown language"),
        ("language", "en-Qqqq", "unknown script, Qqqq"),
        ("language", "en-YY", "unknown region, YY"),
    ],
)
def test_an_invalid_value_is_rejected_with_an_example(format: str, given: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        FORMATS[format](given)


@settings(deadline=None)
@given(format=st.sampled_from(sorted(FORMATS)), value=st.text(max_size=40))
def test_any_text_is_rejected_or_normalized_idempotently(format: str, value: str) -> None:
    try:
        stored = FORMATS[format](value)
    except ValueError:
        return
    assert FORMATS[format](stored) == stored


def test_the_countries_are_those_of_iso_3166_and_kosovo() -> None:
    assert len(load_country_names()) == 249 + 1
    assert load_country_names()["DE"] == "Germany"


def test_the_libraries_are_imported_at_first_use() -> None:
    large = ("babel", "phonenumbers", "email_validator")
    code = f"import sys, tenure_core.entities.formats; print([m for m in {large} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
