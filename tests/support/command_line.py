"""Runs the `tenure` command in tests: in this process, or as a process if the process is tested."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

from tenure_sdk.cli.app import main

TENURE = str(Path(sys.executable).with_name("tenure"))

START_SECONDS = 60
"""How long a start may take on a busy machine before the test fails."""

SERVERS = ("serve", "demo", "worker")


@dataclass(frozen=True)
class Done:
    """The result of a command."""

    returncode: object
    stdout: str
    stderr: str


Tenure = Callable[..., Done]

PLUGIN = '''
from datetime import timedelta

import strawberry
import typer
from pydantic import BaseModel, Field
from sqlalchemy.orm import Mapped

from tenure_sdk import Entity, GraphQLParts, Job, Manifest, Permission, RoleDefinition, column, hookimpl

MANIFEST = Manifest(name="testfleet", version="1.2.0", tenure=">=0.1", doc="Vehicles and their trips.")


class FleetVan(Entity):
    """A vehicle of a customer."""

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
    return [RoleDefinition(name="driver", doc="Drives vehicles.", reads=(FleetVan,))]


@strawberry.type
class FleetQuery:
    oldest_van: str = strawberry.field(description="The oldest vehicle.", default="")


@hookimpl
def register_graphql():
    return GraphQLParts(query=FleetQuery)


@hookimpl
def register_cli():
    app = typer.Typer()

    @app.callback()
    def group():
        """Vehicles."""

    @app.command()
    def count(number: int = 1):
        """Count vehicles."""
        typer.echo(f"There are {number} vehicles.")

    return app
'''


def run_command(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run a command; keyword arguments are environment variables.

    Servers run as processes, because a server that starts in this process would block the tests.
    """
    run = run_process if arguments[0] in SERVERS else run_in_process
    return run(*arguments, folder=folder, **environment)


def run_process(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run a command as a process."""
    process = subprocess.run(
        [TENURE, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(process.returncode, process.stdout, process.stderr)


def run_in_process(*arguments: str, folder: Path, **environment: str) -> Done:
    """Run a command in this process, which has imported everything: a new process takes a second."""
    out, err = StringIO(), StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["tenure", *arguments])
        patch.setattr(sys, "stdin", StringIO())
        with pytest.raises(SystemExit) as raised:
            main()
    signal.signal(signal.SIGTERM, handler)
    return Done(raised.value.code or 0, out.getvalue(), err.getvalue())


def assert_one_line_error(done: Done, *parts: str) -> None:
    """Assert that a command failed with exit code 3 and printed one line on stderr, and nothing on stdout."""
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("tenure: ")
    for part in parts:
        assert part in done.stderr


def install_plugin(folder: Path) -> None:
    """Write a distribution with the plugin `testfleet` into a folder, as pip installs it."""
    package = folder / "testfleet_plugin"
    package.mkdir()
    (package / "__init__.py").write_text('"""A plugin."""\n')
    (package / "plugin.py").write_text(PLUGIN)
    info = folder / "testfleet-1.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: testfleet\nVersion: 1.2.0\n")
    (info / "entry_points.txt").write_text("[tenure.plugins]\ntestfleet = testfleet_plugin.plugin\n")


@dataclass(frozen=True)
class PluginShell:
    """Runs commands in a folder in which the plugin `testfleet` is installed.

    Args:
        folder: The folder.
        url: The database.
    """

    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "TENURE_HOME": str(self.folder / "home"),
            "TENURE_PLUGINS_ALLOW": "testfleet",
            "PYTHONPATH": str(self.folder),
        }

    def run(self, *arguments: str, **environment: str) -> Done:
        """Run a command in this process."""
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(str(self.folder))
            return run_in_process(*arguments, folder=self.folder, **self.environment | environment)


class ServerProcess:
    """A `tenure` process, from the line of its output that contains a text.

    Args:
        command: "serve" or "demo".
        until: The text.
        environment: Environment variables, which override those of the tests.
    """

    def __init__(self, command: str, until: str = "/graphql", **environment: str) -> None:
        defaults = {"TENURE_PORT": "0", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [TENURE, command],
            env=os.environ | defaults | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._timer = Timer(START_SECONDS, self.process.kill)
        self._timer.start()
        self.output = self._read_until(until)

    def _read_until(self, text: str) -> str:
        assert self.process.stdout
        assert self.process.stderr
        output = ""
        for line in self.process.stdout:
            output += line
            if text in line:
                return output
        raise AssertionError(f"The server did not start: {output}{self.process.stderr.read()}")

    @property
    def url(self) -> str:
        return re.findall(r"http://127\.0\.0\.1:\d+", self.output)[0]

    def query(self, key: str, query: str) -> Any:
        response = httpx.post(
            f"{self.url}/graphql",
            json={"query": query},
            headers={"Authorization": f"Bearer {key}"},
            timeout=START_SECONDS,
        )
        return response.json()

    def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and the output on stderr."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=START_SECONDS)
        self._timer.cancel()
        self.output += output
        return self.process.returncode, errors
