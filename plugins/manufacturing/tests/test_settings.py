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
