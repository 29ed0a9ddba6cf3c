"""Settings: what each tenant decides for itself."""

from __future__ import annotations

from base64 import b64decode
from typing import cast

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from tenure_manufacturing.operator_settings import OperatorSettings
from tenure_manufacturing.public_addresses import refused_url
from tenure_manufacturing.webhooks import PREFIX
from tenure_sdk import Context


class ManufacturingSettings(BaseModel):
    """A tenant's settings of the pack."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    days_ahead: int = Field(
        14, ge=0, le=365, description="How many days before work is due its work order is made."
    )
    usage_days: int = Field(
        28, ge=1, le=365, description="Over how many days it is seen how much equipment runs."
    )
    webhook_url: HttpUrl | None = Field(None, description="Who is told by HTTP of responses that are late.")
    webhook_secret: SecretStr | None = Field(
        None, description="The secret that these messages are signed with: base64 after `whsec_`."
    )

    @field_validator("webhook_url")
    @classmethod
    def _url_may_be_sent_to(cls, url: HttpUrl | None, info: ValidationInfo) -> HttpUrl | None:
        """Refuse what a tenant sets; what the operator has come to forbid later can still be read."""
        if url and info.context and info.context.get("changing"):
            reason = refused_url(str(url), private_allowed=OperatorSettings().private_webhooks)
            if reason:
                raise PydanticCustomError("refused_url", "{reason}", {"reason": reason})
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _secret_is_base64(cls, secret: SecretStr | None) -> SecretStr | None:
        try:
            b64decode((secret or SecretStr("")).get_secret_value().removeprefix(PREFIX), validate=True)
        except ValueError:
            raise ValueError("expected base64, with whsec_ before it if you like") from None
        return secret


async def settings_of(context: Context) -> ManufacturingSettings:
    """Return the settings of a context's tenant."""
    return cast(ManufacturingSettings, await context.settings())
