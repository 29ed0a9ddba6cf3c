"""The ASGI application for servers such as `uvicorn server:app`. The environment contains its settings."""

from tenure_core.errors import SettingError
from tenure_core.settings import load_settings
from tenure_schema.app import create_app

settings = load_settings()
if not settings.database_url:
    raise SettingError("DATABASE_URL is not set.", "Set it; only `tenure serve` has an embedded PostgreSQL.")
app = create_app(settings, settings.database_url)
