"""Deployment: what the operator decides, for all tenants."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OperatorSettings(BaseSettings):
    """The operator's settings of the pack. Each is read from TENURE_MANUFACTURING_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="TENURE_MANUFACTURING_", frozen=True, extra="ignore")

    private_webhooks: bool = Field(
        default=False,
        description="Whether webhooks may lead to private addresses, and by plain HTTP: for development, and "
        "where their receivers stand in the operator's own network.",
    )
