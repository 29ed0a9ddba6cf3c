"""Settings: frozen values from TENURE_* environment variables and DATABASE_URL, checked once at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tenure_core.errors import SettingError


def _split(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


LogLevel = Literal["debug", "info", "warning", "error"]
"""How much is told."""

Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names with commas between them, as an environment variable holds a list."""


class Settings(BaseSettings):
    """What an operator may set. Each field is read from TENURE_<FIELD>; `database_url` from DATABASE_URL."""

    model_config = SettingsConfigDict(
        env_prefix="TENURE_", frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="The PostgreSQL to serve; empty: embedded."
    )
    migrate_database_url: str = Field(
        "", description="The owner's URL for migrations; empty: the same database_url."
    )
    home: Path = Field(Path(".tenure"), description="Where the embedded database and the IDE's files lie.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on; 0 picks a free one.")
    log_level: LogLevel = Field(
        "info", description="The least that logs tell, of plugins too: debug, info, warning or error."
    )
    pool_size: int = Field(10, ge=1, le=1000, description="Connections to PostgreSQL per process, at most.")
    pool_wait_seconds: float = Field(5.0, gt=0, description="How long a request waits for a free connection.")
    statement_timeout_seconds: float = Field(5.0, gt=0, description="How long one statement may run.")
    request_timeout_seconds: float = Field(10.0, gt=0, description="How long one request may take.")
    key_cache_seconds: float = Field(
        10.0, ge=0, description="How long a revoked key may still work in a process."
    )
    idempotency_days: int = Field(
        7, ge=1, description="How long the answer to a write with an idempotency key is kept."
    )
    plugins_allow: Names | None = Field(
        None, description="The installed plugins to load, with commas; unset: all, empty: none."
    )
    plugins_deny: Names = Field((), description="Installed plugins not to load, with commas.")
    plugin_failures: Literal["stop", "skip"] = Field(
        "stop", description="What to do about a plugin that fails at the start: stop, or skip."
    )
    plugin_retry_seconds: float = Field(
        1.0, gt=0, description="Pause after a plugin's job or delivery failed; it doubles with each failure."
    )
    change_listener_attempts: int = Field(
        10, ge=1, description="How often a plugin may fail on the same changes before it is parked."
    )
    change_listener_seconds: float = Field(
        60.0, gt=0, description="How long a plugin may take over some changes."
    )
    worker: bool = Field(True, description="Whether `serve` also does what plugins do by themselves.")
    worker_concurrency: int = Field(
        4, ge=1, le=100, description="Jobs at the same time in one process, and deliveries, at most."
    )
    worker_stalled_seconds: float = Field(
        20.0, gt=0, description="After how long without a sign of life a worker's jobs are taken over."
    )
    worker_statement_timeout_seconds: float = Field(
        60.0, gt=0, description="How long one statement of a job or a delivery may run."
    )
    ide: bool = Field(True, description="Whether the IDE page is served.")
    introspection: bool = Field(True, description="Whether clients may read the schema.")
    change_retention_days: int = Field(30, ge=1, le=3650, description="Days that changes are kept for.")
    max_exports: int = Field(2, ge=1, description="Exports at the same time in one process, at most.")
    max_bulk_loads: int = Field(4, ge=1, description="Loads at the same time in one process, at most.")
    bulk_idle_seconds: float = Field(
        60.0, gt=0, description="How long a load may bring nothing before it is given up."
    )
    max_body_bytes: int = Field(1_000_000, ge=1024, description="A request's body, at most.")
    max_json_depth: int = Field(64, ge=4, description="Nesting of a request's JSON, at most.")
    max_document_characters: int = Field(15_000, ge=100, description="A GraphQL document, at most.")
    max_document_tokens: int = Field(2_000, ge=20, description="Tokens of a GraphQL document, at most.")
    max_depth: int = Field(10, ge=1, description="Nesting of fields, at most.")
    max_aliases: int = Field(15, ge=0, description="Aliases in one operation, at most.")
    max_root_fields: int = Field(20, ge=1, description="Root fields of a query, at most.")
    max_mutations: int = Field(10, ge=1, description="Root fields of a mutation, at most.")
    max_directives: int = Field(50, ge=0, description="Directives in one operation, at most.")
    websocket_origins: Names = Field(
        (), description="Origins of pages that may open a WebSocket, with commas, beside the server's own."
    )
    websocket_init_seconds: float = Field(
        3.0, gt=0, description="How long a WebSocket may take to send its connection_init."
    )
    max_subscriptions: int = Field(20, ge=1, description="Operations that run on one WebSocket, at most.")
    max_cost: int = Field(5_000, ge=1, description="Records that one operation may ask for, at most.")


def load_settings(**overrides: object) -> Settings:
    """Return the settings of the environment, with the given ones in place of theirs.

    Raises:
        SettingError: A value is malformed; the message names each variable and what is wrong with it.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values, which is the point
    except ValidationError as error:
        found = "; ".join(
            f"{_variable(e['loc'][0])}: {e['msg']} (got {e['input']!r})" for e in error.errors()
        )
        raise SettingError(
            f"Wrong setting: {found}.", "Correct it, in the environment or on the command line."
        ) from None


def _variable(field: int | str) -> str:
    return str(field) if field == "DATABASE_URL" else f"TENURE_{str(field).upper()}"
