"""Settings: what a tenant may set, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tenure_manufacturing.settings import ManufacturingSettings


def test_nothing_needs_to_be_set() -> None:
    assert ManufacturingSettings().days_ahead == 14


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0", "c2VjcmV0"])
def test_a_secret_is_base64(secret: str) -> None:
    assert ManufacturingSettings(webhook_secret=secret).webhook_secret


@pytest.mark.parametrize("wrong", [{"webhook_secret": "no!"}, {"webhook_url": "ftp://x"}, {"days_ahead": -1}])
def test_what_can_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ManufacturingSettings.model_validate(wrong)


def test_the_secret_is_not_shown() -> None:
    assert "c2VjcmV0" not in ManufacturingSettings(webhook_secret="c2VjcmV0").model_dump_json()


CHANGING = {"changing": True}


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.1/hook", "https://[::1]/", "https://0x7f.1/", "http://8.8.8.8/", "https://a:b@8.8.8.8/"],
)
def test_where_messages_may_not_be_sent_is_refused_where_it_is_set(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", raising=False)
    with pytest.raises(ValidationError):
        ManufacturingSettings.model_validate({"webhook_url": url}, context=CHANGING)
    assert ManufacturingSettings.model_validate({"webhook_url": url}).webhook_url


def test_where_they_may_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", raising=False)
    for url in ("https://8.8.8.8/hook", "https://hooks.example:8443/of/acme"):
        assert ManufacturingSettings.model_validate({"webhook_url": url}, context=CHANGING).webhook_url
    monkeypatch.setenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", "true")
    assert ManufacturingSettings.model_validate(
        {"webhook_url": "http://10.0.0.1"}, context=CHANGING
    ).webhook_url
