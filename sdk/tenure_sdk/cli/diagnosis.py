"""The checks of `tenure doctor`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

from psycopg.conninfo import conninfo_to_dict

from tenure_core.errors import TenureError
from tenure_core.migrate.runner import pending
from tenure_core.plugins.host import Host, core_host, load_host
from tenure_core.postgres.database import APP_ROLE
from tenure_core.postgres.owner_connection import connect
from tenure_core.settings import Settings, load_settings
from tenure_schema.http.ide_files import ide_folder, is_installed
from tenure_sdk.cli.database import owner_url, running_postgres

PACKAGES = (
    "tenure-core",
    "tenure-schema",
    "tenure-sdk",
    "tenure-migrations",
    "strawberry-graphql",
    "psycopg",
)
MIN_SERVER_VERSION = 150000
"""PostgreSQL 15.0 in the format of libpq's `server_version`."""

PRIVILEGES = """
    SELECT pg_has_role(current_user, %s, 'MEMBER'),
        (SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector,tsquery)'::regprocedure)
"""


class Level(StrEnum):
    """The severity of a result."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Args:
        level: The severity.
        subject: What was checked.
        message: The result, with the remedy if it is not ok.
    """

    level: Level
    subject: str
    message: str


def diagnose() -> Iterator[CheckResult]:
    """Yield the results of all checks. A failed check does not stop the other checks that can run."""
    yield CheckResult(Level.OK, "python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield CheckResult(Level.OK, "packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    try:
        settings = load_settings()
    except TenureError as error:
        yield CheckResult(Level.ERROR, "settings", str(error))
        return
    yield _describe_settings(settings)
    yield _check_ide(settings)
    try:
        host = load_host(settings)
    except TenureError as error:
        yield CheckResult(Level.ERROR, "plugins", str(error))
        host = core_host()
    yield from _check_plugins(host)
    try:
        with running_postgres(settings) as url:
            yield from _check_database(settings, url, host)
    except TenureError as error:
        yield CheckResult(Level.ERROR, "database", str(error))


def _describe_settings(settings: Settings) -> CheckResult:
    given = sorted(settings.model_fields_set - {"database_url", "migrate_database_url"})
    names = dict.fromkeys(("home", "host", "port", *given))
    return CheckResult(Level.OK, "settings", ", ".join(f"{name} {getattr(settings, name)}" for name in names))


def _check_ide(settings: Settings) -> CheckResult:
    if is_installed(settings.home):
        return CheckResult(Level.OK, "ide", f"GraphiQL is installed in {ide_folder(settings.home)}")
    return CheckResult(Level.WARNING, "ide", "GraphiQL is not installed; run `tenure ide install`")


def _check_plugins(host: Host) -> Iterator[CheckResult]:
    for failed in host.failed:
        yield CheckResult(Level.ERROR, "plugins", f"{failed.name} was skipped: {failed.reason}")
    if host.plugins:
        loaded = ", ".join(f"{plugin.name} {plugin.manifest.version}" for plugin in host.plugins)
        yield CheckResult(Level.OK, "plugins", loaded)


def _check_database(settings: Settings, url: str, host: Host) -> Iterator[CheckResult]:
    source = f"DATABASE_URL, {_describe_url(url)}" if settings.database_url else "embedded"
    with connect(url) as connection:
        number = connection.info.server_version
    level = Level.OK if number >= MIN_SERVER_VERSION else Level.ERROR
    yield CheckResult(level, "database", f"PostgreSQL {number // 10000}.{number % 10000} ({source})")
    if missing := pending(owner_url(settings, url), host):
        yield CheckResult(Level.ERROR, "migrations", f"{len(missing)} pending: run `tenure migrate`")
        return
    yield CheckResult(Level.OK, "migrations", "none pending")
    yield from _check_privileges(url)


def _describe_url(url: str) -> str:
    """Return a connection string without its password."""
    parts = conninfo_to_dict(url)
    return " ".join(f"{name}={parts[name]}" for name in ("host", "port", "user", "dbname") if name in parts)


def _check_privileges(url: str) -> Iterator[CheckResult]:
    with connect(url) as connection:
        row = connection.execute(PRIVILEGES, (APP_ROLE,)).fetchone()
    is_member, is_leakproof = row or (False, False)
    if is_member:
        yield CheckResult(Level.OK, "role", f"the user is a member of the role {APP_ROLE}")
    else:
        yield CheckResult(Level.ERROR, "role", f"GRANT {APP_ROLE} to the user of DATABASE_URL")
    if is_leakproof:
        yield CheckResult(Level.OK, "search", "text search uses its index")
    else:
        statement = "ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF"
        message = f"text search scans whole tables; as a superuser, run {statement} to use the index"
        yield CheckResult(Level.WARNING, "search", message)
