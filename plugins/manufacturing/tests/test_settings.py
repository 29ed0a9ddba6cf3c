"""The settings of a tenant."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tenure_manufacturing.settings import ManufacturingSettings

CHANGING = {"changing": True}


def test_every_setting_has_a_default() -> None:
    assert ManufacturingSettings().days_ahead == 14


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0", "c2VjcmV0"])
def test_the_prefix_of_a_secret_is_optional(secret: str) -> None:
    assert ManufacturingSettings(webhook_secret=secret).webhook_secret


@pytest.mark.parametrize(
    "values", [{"webhook_secret": "no!"}, {"webhook_url": "ftp://x"}, {"days_ahead": -1}]
)
def test_an_invalid_value_is_rejected(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ManufacturingSettings.model_validate(values)


def test_the_secret_is_not_serialized() -> None:
    assert "c2VjcmV0" not in ManufacturingSettings(webhook_secret="c2VjcmV0").model_dump_json()


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.1/hook", "https://[::1]/", "https://0x7f.1/", "http://8.8.8.8/", "https://a:b@8.8.8.8/"],
)
def test_a_disallowed_url_is_rejected_when_it_is_set_but_can_be_read(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", raising=False)
    with pytest.raises(ValidationError):
        ManufacturingSettings.model_validate({"webhook_url": url}, context=CHANGING)
    assert ManufacturingSettings.model_validate({"webhook_url": url}).webhook_url


def test_public_urls_are_accepted_and_private_urls_if_the_operator_allows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", raising=False)
    for url in ("https://8.8.8.8/hook", "https://hooks.example:8443/of/acme"):
        assert ManufacturingSettings.model_validate({"webhook_url": url}, context=CHANGING).webhook_url
    monkeypatch.setenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", "true")
    values = {"webhook_url": "http://10.0.0.1"}
    assert ManufacturingSettings.model_validate(values, context=CHANGING).webhook_url
