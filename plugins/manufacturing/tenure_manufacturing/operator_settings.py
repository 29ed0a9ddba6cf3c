"""Settings of the operator, which apply to all tenants."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from tenure_sdk import AddressPolicy


class OperatorSettings(BaseSettings):
    """Settings from environment variables with the prefix TENURE_MANUFACTURING_."""

    model_config = SettingsConfigDict(env_prefix="TENURE_MANUFACTURING_", frozen=True, extra="ignore")

    private_webhooks: bool = Field(
        default=False,
        description="Whether webhooks may be sent to private addresses and over plain HTTP, "
        "for development and for receivers in the operator's network.",
    )


def load_webhook_policy() -> AddressPolicy:
    """Return the addresses to which webhooks may be sent.

    Raises:
        ValidationError: An environment variable has an invalid value.
    """
    return AddressPolicy(OperatorSettings().private_webhooks, "TENURE_MANUFACTURING_PRIVATE_WEBHOOKS")
