"""The guide for plugin authors: all steps of the tutorial work, and the reference matches the code.

`python -m tests.support.guide_reference`, or this test with TENURE_UPDATE_FIXTURES=1, updates the reference.
"""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.guide_examples import GUIDE, Step, list_steps, reference_parts, replace_reference
from tests.support.guide_reference import render_reference
from tests.support.server_process import TenureProcess, run_tenure

import tenure_manufacturing.plugin
import tenure_sdk
from tenure_core.plugins.hook_caller import HookCaller
from tenure_core.plugins.hookspecs import list_specs

BIN = Path(sys.executable).parent
INSTALL_COMMAND = re.compile(r"python3 -m venv|pip install")

ENTRY_POINTS = """[tenure.plugins]
fleet = tenure_fleet.plugin
"""


class Author:
    """A plugin author who follows the steps of the guide.

    Args:
        folder: The working directory.
        environment: The environment variables.
        servers: Stops the started servers.
    """

    def __init__(self, folder: Path, environment: dict[str, str], servers: ExitStack) -> None:
        self.folder = folder
        self._environment = environment
        self._servers = servers
        self._server: TenureProcess | None = None
        self._key = ""

    def follow(self, step: Step) -> Any:
        """Execute a step, and return the response of a GraphQL operation."""
        if step.file:
            path = self.folder / step.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
        for command in step.commands:
            self._execute(command)
        return self._send(step.text) if step.language == "graphql" else None

    def _execute(self, command: str) -> None:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
        elif command == "tenure serve":
            self._serve()
        elif INSTALL_COMMAND.search(command):
            self._install()
        else:
            self._run(command)

    def _run(self, command: str) -> None:
        process = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"
        if "token create" in command:
            self._key = process.stdout.split()[-1]

    def _install(self) -> None:
        """Make the plugin importable and discoverable, as an editable installation does."""
        metadata = self.folder / "tenure_fleet-0.1.0.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tenure-fleet\nVersion: 0.1.0\n")
        (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
        self._environment |= {"PYTHONPATH": str(self.folder), "TENURE_PLUGINS_ALLOW": "fleet"}

    def _serve(self) -> None:
        if self._server:
            self._server.stop()
        url = self._environment["DATABASE_URL"]
        self._server = self._servers.enter_context(run_tenure(url, **self._environment))

    def _send(self, query: str) -> Any:
        assert self._server
        headers = {"Authorization": f"Bearer {self._key}"}
        url = f"{self._server.url}/graphql"
        return httpx.post(url, json={"query": query}, headers=headers, timeout=30).json()


@pytest.fixture
def author(tmp_path: Path, server_url: str, empty_database_url: str) -> Iterator[Author]:
    environment = {
        "DATABASE_URL": empty_database_url,
        "TENURE_TEST_DATABASE_URL": server_url,
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
    }
    with ExitStack() as servers:
        yield Author(tmp_path, environment, servers)


def test_all_steps_of_the_guide_work(author: Author) -> None:
    response: Any = None
    for step in list_steps():
        if step.language == "json":
            assert response == step.response
        else:
            response = author.follow(step)
            assert not (isinstance(response, dict) and "errors" in response), f"{step.text}\n{response}"


def test_the_reference_matches_the_code() -> None:
    rendered = {name: text.strip() for name, text in render_reference().items()}
    if os.environ.get("TENURE_UPDATE_FIXTURES"):
        replace_reference(rendered)
    assert reference_parts() == rendered


def test_each_hook_is_in_the_reference_with_its_signature() -> None:
    for name in list_specs():
        assert re.search(rf"^(async )?def {name}\(", reference_parts()["hooks"], re.MULTILINE), name


def test_each_hook_documents_its_purpose_and_its_calls() -> None:
    for name, hook in list_specs().items():
        purpose, _, details = inspect.cleandoc(hook.__doc__ or "").partition("\n\n")
        assert (purpose[-1:], details.partition(" ")[0]) == (".", "Called"), name


def test_each_hook_is_implemented_by_a_test() -> None:
    tests = [file.read_text() for file in Path(__file__).parent.rglob("*.py")]
    implementation = r"(?:@hookimpl\s+(?:async )?def {0}\(|\b{0}=|\"{0}\": lambda)"
    assert [
        name
        for name in list_specs()
        if not any(re.search(implementation.format(name), text) for text in tests)
    ] == []


def test_each_hook_is_used_by_a_shipped_plugin() -> None:
    hooks = HookCaller(tenure_manufacturing.plugin)
    assert [name for name in list_specs() if not hooks.implements(name)] == []


def test_the_guide_mentions_each_public_name() -> None:
    guide = GUIDE.read_text()
    assert [name for name in dir(tenure_sdk) if not re.search(rf"\b{name}\b", guide)] == []


def test_all_links_have_a_target() -> None:
    text = GUIDE.read_text()
    files = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in files if not (GUIDE.parent / target).exists()] == []
    titles = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert [anchor for anchor in re.findall(r"\]\(#([^)]+)\)", text) if anchor not in titles] == []
