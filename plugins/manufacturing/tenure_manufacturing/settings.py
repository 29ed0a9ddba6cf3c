"""The settings of the pack per tenant."""

from __future__ import annotations

from base64 import b64decode
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from tenure_manufacturing.operator_settings import load_webhook_policy
from tenure_sdk import WEBHOOK_SECRET_PREFIX, Context, WebhookUrlError, check_webhook_url


class ManufacturingSettings(BaseModel):
    """The settings of a tenant."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    days_ahead: int = Field(
        14, ge=0, le=365, description="Number of days before its due time that a work order is created."
    )
    usage_days: int = Field(
        28, ge=1, le=365, description="Number of days of meter readings from which usage is computed."
    )
    webhook_url: HttpUrl | None = Field(
        None, description="URL that is notified of breaches of the agreed response time."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that webhook messages are signed with: base64, with optional `whsec_`."
    )

    @field_validator("webhook_url")
    @classmethod
    def _check_url(cls, url: HttpUrl | None, info: ValidationInfo) -> HttpUrl | None:
        # A stored URL that the operator no longer allows remains readable; only changes are checked.
        if url and info.context and info.context.get("changing"):
            try:
                check_webhook_url(str(url), load_webhook_policy())
            except WebhookUrlError as error:
                raise PydanticCustomError("webhook_url", "{reason}", {"reason": str(error)}) from None
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            try:
                b64decode(secret.get_secret_value().removeprefix(WEBHOOK_SECRET_PREFIX), validate=True)
            except ValueError:
                raise ValueError("expected base64, with the optional prefix whsec_") from None
        return secret


async def load_settings(context: Context) -> ManufacturingSettings:
    """Return the settings of the context's tenant."""
    return cast(ManufacturingSettings, await context.settings())
