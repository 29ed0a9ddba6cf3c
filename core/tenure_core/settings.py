"""Settings of the operator, read from DATABASE_URL and TENURE_* when a process starts."""

from __future__ import annotations

import os
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tenure_core.errors import SettingError

PREFIX = "TENURE_"

PLUGIN_ENTRY_POINTS = "tenure.plugins"
"""Entry point group in which distributions register their plugins."""

RENAMED_VARIABLES = {
    "TENURE_CHANGE_DAYS": "TENURE_CHANGE_RETENTION_DAYS",
    "TENURE_DELIVERY_ATTEMPTS": "TENURE_CHANGE_LISTENER_ATTEMPTS",
    "TENURE_DELIVERY_SECONDS": "TENURE_CHANGE_LISTENER_SECONDS",
    "TENURE_KEY_CACHE_SECONDS": "TENURE_API_KEY_CACHE_SECONDS",
    "TENURE_LOAD_PAUSE_SECONDS": "TENURE_BULK_IDLE_SECONDS",
    "TENURE_MAX_LOADS": "TENURE_MAX_BULK_LOADS",
    "TENURE_RECEIPT_DAYS": "TENURE_IDEMPOTENCY_DAYS",
    "TENURE_SOCKET_INIT_SECONDS": "TENURE_WEBSOCKET_INIT_SECONDS",
    "TENURE_SOCKET_ORIGINS": "TENURE_WEBSOCKET_ORIGINS",
}
"""Current name of each variable that had another name before."""

RENAMED_FAILURE_POLICIES = {"leave_out": "skip"}
"""Current value of each former value of TENURE_PLUGIN_FAILURES."""

OTHER_VARIABLES = (
    # Read by the test suite, and by `tenure plugin check`, which runs the conformance kit.
    "TENURE_TEST_DATABASE_URL",
    "TENURE_TEST_EXAMPLES",
    "TENURE_UPDATE_FIXTURES",
    "TENURE_DATA",
    # Read by the benchmark.
    "TENURE_BENCH_DATABASE_URL",
    # Read by the Makefile of a plugin that `tenure plugin new` created; make exports it to `tenure`.
    "TENURE_SOURCE",
)
"""Variables that are not settings, but may be set when `tenure` is started by a test or by make."""


def _split_names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _check_failure_policy(value: object) -> object:
    if isinstance(value, str) and (policy := RENAMED_FAILURE_POLICIES.get(value)):
        raise ValueError(f"the value {value} was renamed to {policy}")
    return value


LogLevel = Literal["debug", "info", "warning", "error"]

Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_names)]
"""A list of names. In an environment variable, the names are separated by commas."""

FailurePolicy = Annotated[Literal["stop", "skip"], BeforeValidator(_check_failure_policy)]


class Settings(BaseSettings):
    """Immutable settings of one process. Each field is read from TENURE_<FIELD>; one from DATABASE_URL."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="URL of the PostgreSQL database. Default: empty, which starts the embedded PostgreSQL.",
    )
    migrate_database_url: str = Field(
        "",
        description="URL with which the owner of the tables runs migrations. "
        "Default: empty, which uses DATABASE_URL.",
    )
    home: Path = Field(
        Path(".tenure"),
        description="Folder of the embedded database and of the IDE's files. Default: .tenure.",
    )
    host: str = Field("127.0.0.1", description="Address on which the server listens. Default: 127.0.0.1.")
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description="TCP port on which the server listens; 0 selects a free port. Default: 8000.",
    )
    log_level: LogLevel = Field(
        "info",
        description="Minimum level of log records of Tenure and its plugins: debug, info, warning or error. "
        "Default: info.",
    )
    pool_size: int = Field(
        10, ge=1, le=1000, description="Maximum number of pooled connections per process. Default: 10."
    )
    pool_wait_seconds: float = Field(
        5.0, gt=0, description="Maximum wait for a free connection, in seconds. Default: 5.0."
    )
    statement_timeout_seconds: float = Field(
        5.0, gt=0, description="Maximum duration of an SQL statement of a request, in seconds. Default: 5.0."
    )
    request_timeout_seconds: float = Field(
        10.0, gt=0, description="Maximum duration of a GraphQL request, in seconds. Default: 10.0."
    )
    api_key_cache_seconds: float = Field(
        10.0,
        ge=0,
        description="Time for which a process caches an API key, in seconds. A revoked key remains valid "
        "for at most this time. Default: 10.0.",
    )
    idempotency_days: int = Field(
        7, ge=1, description="Retention of responses to writes with an idempotency key, in days. Default: 7."
    )
    plugins_allow: Names | None = Field(
        None,
        description="Comma-separated names of the installed plugins to load. Empty loads none. "
        "Default: unset, which loads all.",
    )
    plugins_deny: Names = Field(
        (), description="Comma-separated names of installed plugins that are not loaded. Default: empty."
    )
    plugin_failures: FailurePolicy = Field(
        "stop",
        description="Effect of a plugin that fails to load: stop (the process does not start) or skip "
        "(it starts without the plugin). Default: stop.",
    )
    plugin_retry_seconds: float = Field(
        1.0,
        gt=0,
        description="Delay before the first retry of a failed job or change listener, in seconds. "
        "It doubles with each further failure, up to 600. Default: 1.0.",
    )
    change_listener_attempts: int = Field(
        10,
        ge=1,
        description="Number of failed attempts at the same changes after which a change listener is paused. "
        "Default: 10.",
    )
    change_listener_seconds: float = Field(
        60.0,
        gt=0,
        description="Maximum duration of one call of a change listener, in seconds. Default: 60.0.",
    )
    worker: bool = Field(
        True,
        description="Whether `tenure serve` also runs jobs, change listeners and the retention of changes. "
        "Default: true. If false, run `tenure worker` as well.",
    )
    worker_concurrency: int = Field(
        4,
        ge=1,
        le=100,
        description="Maximum number of concurrent jobs per process, and of concurrent change listeners. "
        "Default: 4.",
    )
    worker_stalled_seconds: float = Field(
        20.0,
        gt=0,
        description="Time without a heartbeat after which other workers take over a worker's jobs, "
        "in seconds. Default: 20.0.",
    )
    worker_statement_timeout_seconds: float = Field(
        60.0,
        gt=0,
        description="Maximum duration of an SQL statement of a job or change listener, in seconds. "
        "Default: 60.0.",
    )
    ide: bool = Field(True, description="Whether the server serves the GraphiQL page. Default: true.")
    introspection: bool = Field(
        True, description="Whether clients may query the schema by introspection. Default: true."
    )
    change_retention_days: int = Field(
        30, ge=1, le=3650, description="Retention of the change feed, in days. Default: 30."
    )
    max_exports: int = Field(
        2, ge=1, description="Maximum number of concurrent exports per process. Default: 2."
    )
    max_bulk_loads: int = Field(
        4, ge=1, description="Maximum number of concurrent bulk loads per process. Default: 4."
    )
    bulk_idle_seconds: float = Field(
        60.0,
        gt=0,
        description="Time without data from the client after which a bulk load is aborted, in seconds. "
        "Default: 60.0.",
    )
    max_body_bytes: int = Field(
        1_000_000, ge=1024, description="Maximum size of a request body, in bytes. Default: 1000000."
    )
    max_json_depth: int = Field(
        64, ge=4, description="Maximum nesting depth of the JSON in a request. Default: 64."
    )
    max_document_characters: int = Field(
        15_000, ge=100, description="Maximum length of a GraphQL document, in characters. Default: 15000."
    )
    max_document_tokens: int = Field(
        2_000, ge=20, description="Maximum length of a GraphQL document, in tokens. Default: 2000."
    )
    max_depth: int = Field(10, ge=1, description="Maximum nesting depth of selected fields. Default: 10.")
    max_aliases: int = Field(15, ge=0, description="Maximum number of aliases per operation. Default: 15.")
    max_root_fields: int = Field(
        20, ge=1, description="Maximum number of root fields per query. Default: 20."
    )
    max_mutations: int = Field(
        10, ge=1, description="Maximum number of root fields per mutation. Default: 10."
    )
    max_directives: int = Field(
        50, ge=0, description="Maximum number of directives per operation. Default: 50."
    )
    websocket_origins: Names = Field(
        (),
        description="Comma-separated origins, in addition to the server's own, whose pages may open a "
        "WebSocket. Default: empty.",
    )
    websocket_init_seconds: float = Field(
        3.0,
        gt=0,
        description="Maximum wait for connection_init after a WebSocket is opened, in seconds. Default: 3.0.",
    )
    max_subscriptions: int = Field(
        20, ge=1, description="Maximum number of concurrent operations per WebSocket. Default: 20."
    )
    max_cost: int = Field(
        5_000, ge=1, description="Maximum number of records that an operation may request. Default: 5000."
    )


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment.

    Args:
        overrides: Values that replace those of the environment, by field name.

    Raises:
        SettingError: A value is invalid, or an environment variable TENURE_* is unknown or was renamed. The
            message names every such variable.
    """
    _check_variables()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates the values
    except ValidationError as error:
        violations = "; ".join(
            f"{_variable_name(e['loc'][0])}: {e['msg']} (got {e['input']!r})" for e in error.errors()
        )
        raise SettingError(
            f"Invalid setting: {violations}.", "Correct the environment variable or the command-line option."
        ) from None


def _check_variables() -> None:
    """Reject environment variables that have no effect: a misspelled limit would otherwise not apply."""
    known = [*map(_variable_name, Settings.model_fields), *OTHER_VARIABLES]
    unknown = [name for name in map(str.upper, os.environ) if name.startswith(PREFIX) and name not in known]
    if unknown:
        # Settings of plugins are read by the plugins, which are not imported here.
        patterns = [f"{PREFIX}{name.upper()}_*" for name in entry_points(group=PLUGIN_ENTRY_POINTS).names]
        unknown = [name for name in unknown if not any(fnmatchcase(name, pattern) for pattern in patterns)]
        known += patterns
    if unknown:
        raise SettingError(
            f"Unknown setting: {'; '.join(_describe_unknown(name, known) for name in sorted(unknown))}.",
            "Correct the name of the environment variable or unset it.",
        )


def _describe_unknown(variable: str, known: list[str]) -> str:
    if variable in RENAMED_VARIABLES:
        return f"{variable} (renamed to {RENAMED_VARIABLES[variable]})"
    names = {name.removeprefix(PREFIX): name for name in known}
    [nearest] = get_close_matches(variable.removeprefix(PREFIX), names, n=1, cutoff=0)
    return f"{variable} (did you mean {names[nearest]}?)"


def _variable_name(field: int | str) -> str:
    return "DATABASE_URL" if field in ("database_url", "DATABASE_URL") else f"{PREFIX}{str(field).upper()}"
