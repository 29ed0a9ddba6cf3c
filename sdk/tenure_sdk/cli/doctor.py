"""`tenure doctor`: what is configured, what is reachable, and what is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

import typer
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
OLDEST_POSTGRESQL = 150000
"""As `server_version` of libpq counts: 15.0."""


class Verdict(StrEnum):
    """How one finding is."""

    OK = "ok"
    NOTE = "note"
    """It works, but less well than it could."""
    BAD = "BAD"
    """Tenure can't serve like this."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    subject: str
    detail: str


def doctor() -> None:
    """Print every finding; leave with exit code 1 where one is bad."""
    bad = False
    for finding in _findings():
        bad = bad or finding.verdict is Verdict.BAD
        typer.echo(f"{finding.verdict:<5} {finding.subject:<12} {finding.detail}")
    raise SystemExit(1 if bad else 0)


def _findings() -> Iterator[Finding]:
    yield Finding(Verdict.OK, "python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    yield Finding(Verdict.OK, "packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    try:
        settings = load_settings()
    except TenureError as error:
        yield Finding(Verdict.BAD, "settings", str(error))
        return
    yield _settings(settings)
    yield _ide(settings)
    try:
        host = load_host(settings)
    except TenureError as error:
        yield Finding(Verdict.BAD, "plugins", str(error))
        host = core_host()
    yield from _plugins(host)
    try:
        with running_postgres(settings) as url:
            yield from _database(settings, url, host)
    except TenureError as error:
        yield Finding(Verdict.BAD, "database", str(error))


def _settings(settings: Settings) -> Finding:
    given = sorted(settings.model_fields_set - {"database_url", "migrate_database_url"})
    shown = [f"{name} {getattr(settings, name)}" for name in dict.fromkeys(("home", "host", "port", *given))]
    return Finding(Verdict.OK, "settings", ", ".join(shown))


def _ide(settings: Settings) -> Finding:
    if is_installed(settings.home):
        return Finding(Verdict.OK, "ide", f"GraphiQL lies in {ide_folder(settings.home)}")
    return Finding(Verdict.NOTE, "ide", "GraphiQL is not installed; `tenure ide install` brings it")


def _plugins(host: Host) -> Iterator[Finding]:
    for failed in host.failed:
        yield Finding(Verdict.BAD, "plugins", f"{failed.name} was left out: {failed.reason}")
    if host.plugins:
        loaded = ", ".join(f"{plugin.name} {plugin.manifest.version}" for plugin in host.plugins)
        yield Finding(Verdict.OK, "plugins", loaded)


def _database(settings: Settings, url: str, host: Host) -> Iterator[Finding]:
    source = f"DATABASE_URL, {_without_password(url)}" if settings.database_url else "embedded"
    with connect(url) as connection:
        number = connection.info.server_version
        verdict = Verdict.OK if number >= OLDEST_POSTGRESQL else Verdict.BAD
        yield Finding(verdict, "database", f"PostgreSQL {number // 10000}.{number % 10000} ({source})")
    if missing := pending(owner_url(settings, url), host):
        yield Finding(Verdict.BAD, "migrations", f"{len(missing)} pending: run `tenure migrate`")
        return
    yield Finding(Verdict.OK, "migrations", "none pending")
    yield from _service(url)


def _without_password(url: str) -> str:
    parts = conninfo_to_dict(url)
    return " ".join(f"{name}={parts[name]}" for name in ("host", "port", "user", "dbname") if name in parts)


def _service(url: str) -> Iterator[Finding]:
    """Yield whether the service can act as its role, and whether its searches may use their index."""
    with connect(url) as connection:
        row = connection.execute(
            "SELECT pg_has_role(current_user, %s, 'MEMBER'), "
            "(SELECT proleakproof FROM pg_proc WHERE oid = 'ts_match_vq(tsvector,tsquery)'::regprocedure)",
            (APP_ROLE,),
        ).fetchone()
    member, searchable = row or (False, False)
    if member:
        yield Finding(Verdict.OK, "role", f"the service may act as {APP_ROLE}")
    else:
        yield Finding(Verdict.BAD, "role", f"GRANT {APP_ROLE} to the user of DATABASE_URL")
    if searchable:
        yield Finding(Verdict.OK, "search", "the index is used")
    else:
        hint = (
            "ALTER FUNCTION ts_match_vq(tsvector, tsquery) LEAKPROOF, as a superuser, lets it use the index"
        )
        yield Finding(Verdict.NOTE, "search", f"text search reads whole tables; {hint}")
