"""`tenure plugin ...` and `tenure NAME ...`: what is loaded, who uses it, and its own commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tenure_core.access.api_keys import ensure_tenant
from tenure_sdk.cli.app import main

TENURE = str(Path(sys.executable).with_name("tenure"))

PLUGIN = '''
from datetime import timedelta

import strawberry
import typer
from pydantic import BaseModel, Field
from sqlalchemy.orm import Mapped

from tenure_sdk import Entity, GraphQLParts, Job, Manifest, Permission, RoleDefinition, column, hookimpl

MANIFEST = Manifest(name="testfleet", version="1.2.0", tenure=">=0.1", doc="Vehicles and their trips.")


class FleetVan(Entity):
    """A vehicle that a customer drives."""

    plate: Mapped[str] = column(max_length=20)
    driver: Mapped[str | None] = column(personal=True)


class FleetSettings(BaseModel):
    days_ahead: int = Field(14, ge=1, description="How many days ahead.")
    regions: list[str] = []


@hookimpl
def register_entities():
    return [FleetVan]


@hookimpl
def register_settings():
    return FleetSettings


@hookimpl
def register_roles():
    return [RoleDefinition(name="driver", doc="Who drives.", reads=(FleetVan,))]


@strawberry.type
class FleetQuery:
    oldest_van: str = strawberry.field(description="Which one.", default="")


@hookimpl
def register_graphql():
    return GraphQLParts(query=FleetQuery)


@hookimpl
def register_cli():
    app = typer.Typer()

    @app.callback()
    def about():
        """Vehicles."""

    @app.command()
    def count(many: int = 1):
        """Count vehicles."""
        typer.echo(f"There are {many} vehicles.")

    return app
'''


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: object
    stdout: str
    stderr: str


Tenure = Callable[..., Done]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a distribution with the plugin is installed."""
    folder = tmp_path_factory.mktemp("installed")
    package = folder / "testfleet_plugin"
    package.mkdir()
    (package / "__init__.py").write_text('"""A plugin."""\n')
    (package / "plugin.py").write_text(PLUGIN)
    info = folder / "testfleet-1.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: testfleet\nVersion: 1.2.0\n")
    (info / "entry_points.txt").write_text("[tenure.plugins]\ntestfleet = testfleet_plugin.plugin\n")
    return folder


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    """A database of these tests."""
    name = f"tenure_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def environment(home: Path, url: str) -> dict[str, str]:
    """Where the plugin is installed and let in."""
    return {
        "DATABASE_URL": url,
        "TENURE_HOME": str(home / "home"),
        "TENURE_PLUGINS_ALLOW": "testfleet",
        "PYTHONPATH": str(home),
    }


@pytest.fixture(scope="module")
def tenure(home: Path, environment: dict[str, str]) -> Tenure:
    """Run the command in this process, which has all imported already: a process of its own takes seconds."""

    def run(*arguments: str, **further: str) -> Done:
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in (environment | further).items():
                patch.setenv(name, value)
            patch.syspath_prepend(str(home))
            patch.chdir(home)
            patch.setattr(sys, "argv", ["tenure", *arguments])
            patch.setattr(sys, "stdin", StringIO())
            before = signal.getsignal(signal.SIGTERM)
            with pytest.raises(SystemExit) as left:
                main()
            signal.signal(signal.SIGTERM, before)
        return Done(left.value.code or 0, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="module")
def migrated(tenure: Tenure, home: Path, url: str) -> str:
    """A database with the plugin's first migration, which `makemigration` wrote; and a tenant in it."""
    written = tenure("plugin", "makemigration", "testfleet", "-m", "Vehicles")
    assert written.stdout == "Written: testfleet_plugin/migrations/0001_vehicles.py\n", written.stderr
    planned = tenure("migrate", "--plan")
    assert "testfleet 0001: Vehicles." in planned.stdout
    done = tenure("migrate")
    assert done.stdout.endswith("Applied testfleet 0001: Vehicles.\nThe database is up to date.\n")
    ensure_tenant(url, "acme")
    return url


def test_the_migration_is_written_once(tenure: Tenure, migrated: str) -> None:
    again = tenure("plugin", "makemigration", "testfleet")
    assert again.stdout == "The migrations of testfleet make all that its entities need.\n"


def test_list_says_what_is_loaded_and_who_uses_it(tenure: Tenure, migrated: str) -> None:
    assert tenure("plugin", "list").stdout == "testfleet 1.2.0: Vehicles and their trips.\n"
    tenant = f"list {uuid.uuid4()}"
    ensure_tenant(migrated, tenant)
    before = tenure("plugin", "list", "--tenant", tenant)
    assert before.stdout == "testfleet 1.2.0: LOADED, not enabled\n", before.stderr
    assert tenure("plugin", "enable", "testfleet", "--tenant", tenant).stdout == f"{tenant} uses testfleet.\n"
    assert "LOADED, enabled" in tenure("plugin", "list", "--tenant", tenant).stdout
    tenure("plugin", "disable", "testfleet", "--tenant", tenant)
    assert "not enabled" in tenure("plugin", "list", "--tenant", tenant).stdout


def test_show_tells_all_that_a_plugin_brings_without_a_database(tenure: Tenure) -> None:
    shown = tenure("plugin", "show", "testfleet", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    for part in (
        "testfleet 1.2.0, for Tenure >=0.1",
        "FleetVan: A vehicle that a customer drives.",
        "driver: Who drives.",
        "days_ahead: How many days ahead.",
        "FleetVan.driver",
        "Root fields of its own: query\n    oldestVan\n",
    ):
        assert part in shown.stdout


def test_set_changes_settings_and_refuses_wrong_ones_whole(tenure: Tenure, migrated: str) -> None:
    changed = tenure("plugin", "set", "testfleet", "days_ahead=7", 'regions=["n"]', "--tenant", "acme")
    assert changed.stdout == "Set for acme: days_ahead, regions.\n", changed.stderr
    refused = tenure("plugin", "set", "testfleet", "days_ahead=0", "regions=null", "--tenant", "acme")
    assert refused.returncode == 1
    assert "days_ahead: Input should be greater than or equal to 1" in refused.stderr
    with psycopg.connect(migrated) as owner:
        [(kept,)] = owner.execute(
            "SELECT settings FROM tenant_plugin JOIN tenant ON tenant.id = tenant_id WHERE name = 'acme'"
        )
    assert kept == {"days_ahead": "7", "regions": ["n"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("enable", "nonsense", "--tenant", "acme"),
            "The plugin nonsense is not loaded. Loaded are: testfleet.",
        ),
        (("enable", "testfleet", "--tenant", "nobody"), "There is no tenant 'nobody'"),
        (
            ("set", "testfleet", "days_ahead", "--tenant", "acme"),
            "'days_ahead' sets nothing. Write KEY=VALUE",
        ),
        (("set", "testfleet", "regions=[n", "--tenant", "acme"), "The value of regions is no JSON"),
        (("show", "nonsense"), "The plugin nonsense is not loaded"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    tenure: Tenure, migrated: str, arguments: tuple[str, ...], said: str
) -> None:
    done = tenure("plugin", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_records_of_a_plugin_are_imported_once_it_is_enabled(
    tenure: Tenure, migrated: str, home: Path
) -> None:
    (home / "vans.csv").write_text("no,plate\n1,B-TN 1\n")
    (home / "vans.yaml").write_text("system: erp\nkey: no\nfields: {plate: plate}\n")
    tenant = f"import {uuid.uuid4()}"
    ensure_tenant(migrated, tenant)
    load = ("import", "vans.csv", "--entity", "FleetVan", "--map", "vans.yaml", "--tenant", tenant)
    refused = tenure(*load)
    assert refused.returncode == 3
    assert "belongs to the plugin testfleet, which is not enabled for this tenant" in refused.stderr
    tenure("plugin", "enable", "testfleet", "--tenant", tenant)
    done = tenure(*load)
    assert done.returncode == 0, done.stderr
    with psycopg.connect(migrated) as owner:
        [(plate,)] = owner.execute(
            "SELECT plate FROM fleet_van JOIN tenant ON tenant_id = tenant.id AND name = %s", (tenant,)
        )
    assert plate == "B-TN 1"


def test_uninstall_writes_over_nothing(tenure: Tenure, migrated: str, home: Path) -> None:
    (home / "before").mkdir()
    (home / "before" / "acme.ndjson").write_text("The last there is.")
    done = tenure("plugin", "uninstall", "testfleet", "--export", "before", "--yes")
    assert (done.returncode, "something in before already" in done.stderr) == (3, True)
    assert (home / "before" / "acme.ndjson").read_text() == "The last there is."
    with psycopg.connect(migrated) as owner:
        assert owner.execute("SELECT to_regclass('fleet_van') IS NULL").fetchall() == [(False,)]


def test_uninstall_exports_and_forgets(tenure: Tenure, migrated: str, home: Path) -> None:
    tenant = ensure_tenant(migrated, "acme")
    with psycopg.connect(migrated) as owner:
        owner.execute("INSERT INTO fleet_van (tenant_id, plate) VALUES (%s, 'B-TN 1')", (tenant,))
    mistyped = tenure("plugin", "uninstall", "testflet")
    assert (mistyped.stdout, "testflet is not loaded" in mistyped.stderr) == ("", True)
    asked = tenure("plugin", "uninstall", "testfleet")
    assert asked.returncode == 1
    assert "Drop the tables of testfleet" in asked.stdout
    done = tenure("plugin", "uninstall", "testfleet", "--export", "kept", "--yes")
    assert done.stdout.startswith(f"Exported: kept/{tenant}.ndjson\n"), done.stderr
    assert "TENURE_PLUGINS_DENY=testfleet" in done.stdout
    [_, record, _] = (home / f"kept/{tenant}.ndjson").read_text().splitlines()
    assert json.loads(record)["data"]["plate"] == "B-TN 1"
    with psycopg.connect(migrated) as owner:
        assert owner.execute("SELECT to_regclass('fleet_van')").fetchall() == [(None,)]


class TestOwnCommands:
    def test_run_below_the_name_of_the_plugin(self, tenure: Tenure) -> None:
        done = tenure("testfleet", "count", "--many", "3")
        assert (done.returncode, done.stdout) == (0, "There are 3 vehicles.\n")

    def test_are_in_the_help(self, tenure: Tenure) -> None:
        assert "testfleet  Vehicles." in tenure("--help").stdout
        assert "Usage: tenure testfleet" in tenure("testfleet", "--help").stdout

    def test_that_can_not_be_loaded_leave_the_rest_of_the_help(self, tenure: Tenure) -> None:
        done = tenure("--help", TENURE_PLUGINS_ALLOW="nonsense")
        assert done.returncode == 0
        assert "serve" in done.stdout
        assert "the commands of plugins are not shown. TENURE_PLUGINS_ALLOW names nonsense" in done.stderr

    def test_of_a_plugin_that_is_denied_are_refused(self, tenure: Tenure) -> None:
        done = tenure("testfleet", "count", TENURE_PLUGINS_ALLOW="", TENURE_PLUGINS_DENY="testfleet")
        assert done.returncode == 3
        assert "The plugin testfleet is not loaded" in done.stderr

    def test_are_not_loaded_for_a_command_of_tenures_own(
        self, environment: dict[str, str], home: Path
    ) -> None:
        broken = home / "broken"
        broken.mkdir()
        (broken / "testfleet_plugin").mkdir()
        (broken / "testfleet_plugin/__init__.py").write_text("raise ZeroDivisionError\n")
        path = f"{broken}{os.pathsep}{home}"
        done = subprocess.run(
            [TENURE, "ide", "--help"],
            env=os.environ | environment | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_that_nobody_brings_are_refused_as_ever(self, tenure: Tenure) -> None:
        done = tenure("nonsense")
        assert done.returncode == 2
        assert "No such command 'nonsense'" in done.stderr


def test_keys_can_have_the_roles_of_plugins(tenure: Tenure, migrated: str) -> None:
    done = tenure("token", "create", "--tenant", "acme", "--role", "driver")
    assert done.returncode == 0, done.stderr
    refused = tenure("token", "create", "--tenant", "acme", "--role", "pilot")
    assert refused.returncode == 2
    assert "there is no role pilot; there are: admin, reader, driver" in refused.stderr


def test_the_doctor_names_plugins_and_what_their_tables_lack(tenure: Tenure, migrated: str) -> None:
    done = tenure("doctor")
    assert "testfleet 1.2.0" in done.stdout
    assert "1 pending: run `tenure migrate`" in done.stdout
