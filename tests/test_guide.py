"""The guide for authors of plugins is true: its tutorial works word by word, its reference is the code's.

After a change on purpose TENURE_UPDATE_FIXTURES=1 writes the reference anew: read its diff.
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
from tests.support.guide_examples import GUIDE, Step, parts, steps, with_parts
from tests.support.guide_reference import reference
from tests.support.server_process import Running, running

import tenure_manufacturing.plugin
import tenure_sdk
from tenure_core.plugins.loading.hook_validation import SPECS
from tenure_core.plugins.plugin import implements

BIN = Path(sys.executable).parent
INSTALLS = re.compile(r"python3 -m venv|pip install")

RECORD = """[tenure.plugins]
fleet = tenure_fleet.plugin
"""


class Reader:
    """Somebody who does what the tutorial says.

    Args:
        folder: Where he begins.
        environment: His variables.
        servers: Where servers go that he starts.
    """

    def __init__(self, folder: Path, environment: dict[str, str], servers: ExitStack) -> None:
        self.folder = folder
        self._environment = environment
        self._servers = servers
        self._server: Running | None = None
        self._key = ""

    def follow(self, step: Step) -> Any:
        """Do a step, and return the answer where it is a question."""
        if step.file:
            place = self.folder / step.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(step.text)
        for command in step.commands:
            self._do(command)
        return self._ask(step.text) if step.language == "graphql" else None

    def _do(self, command: str) -> None:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
        elif command == "tenure serve":
            self._serve()
        elif INSTALLS.search(command):
            self._install()
        else:
            self._run(command)

    def _run(self, command: str) -> None:
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if "token create" in command:
            self._key = done.stdout.split()[-1]

    def _install(self) -> None:
        """Have the plugin found from its sources, as an editable install does."""
        record = self.folder / "tenure_fleet-0.1.0.dist-info"
        record.mkdir(exist_ok=True)
        (record / "METADATA").write_text("Metadata-Version: 2.1\nName: tenure-fleet\nVersion: 0.1.0\n")
        (record / "entry_points.txt").write_text(RECORD)
        self._environment |= {"PYTHONPATH": str(self.folder), "TENURE_PLUGINS_ALLOW": "fleet"}

    def _serve(self) -> None:
        if self._server:
            self._server.end()
        url = self._environment["DATABASE_URL"]
        self._server = self._servers.enter_context(running(url, **self._environment))

    def _ask(self, query: str) -> Any:
        assert self._server
        headers = {"Authorization": f"Bearer {self._key}"}
        url = f"{self._server.url}/graphql"
        return httpx.post(url, json={"query": query}, headers=headers, timeout=30).json()


@pytest.fixture
def reader(tmp_path: Path, server_url: str, empty_database_url: str) -> Iterator[Reader]:
    environment = {
        "DATABASE_URL": empty_database_url,
        "TENURE_TEST_DATABASE_URL": server_url,
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
    }
    with ExitStack() as servers:
        yield Reader(tmp_path, environment, servers)


def test_the_tutorial_works_word_by_word(reader: Reader) -> None:
    answer: Any = None
    for step in steps():
        if step.language == "json":
            assert answer == step.answer
        else:
            answer = reader.follow(step)
            assert not (isinstance(answer, dict) and "errors" in answer), f"{step.text}\n{answer}"


def test_the_reference_is_what_the_code_says() -> None:
    made = {name: text.strip() for name, text in reference().items()}
    if os.environ.get("TENURE_UPDATE_FIXTURES"):
        GUIDE.write_text(with_parts(made))
    assert parts() == made


def test_each_hook_is_in_the_reference_with_its_signature() -> None:
    for name in SPECS:
        assert re.search(rf"^(async )?def {name}\(", parts()["hooks"], re.MULTILINE), name


def test_each_hook_says_what_it_does_and_when_it_is_called() -> None:
    for name, hook in SPECS.items():
        what, _, more = inspect.cleandoc(hook.__doc__ or "").partition("\n\n")
        assert (what[-1:], more.partition(" ")[0]) == (".", "Called"), name


def test_each_hook_is_implemented_by_a_test() -> None:
    tests = [file.read_text() for file in Path(__file__).parent.rglob("*.py")]
    written = r"(?:@hookimpl\s+(?:async )?def {0}\(|\b{0}=|\"{0}\": lambda)"
    assert [name for name in SPECS if not any(re.search(written.format(name), text) for text in tests)] == []


def test_each_hook_is_used_by_a_shipped_plugin() -> None:
    assert [name for name in SPECS if not implements(tenure_manufacturing.plugin, name)] == []


def test_each_word_of_the_sdk_is_in_the_guide() -> None:
    guide = GUIDE.read_text()
    assert [name for name in dir(tenure_sdk) if not re.search(rf"\b{name}\b", guide)] == []


def test_links_lead_somewhere() -> None:
    text = GUIDE.read_text()
    files = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [target for target in files if not (GUIDE.parent / target).exists()] == []
    titles = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert [anchor for anchor in re.findall(r"\]\(#([^)]+)\)", text) if anchor not in titles] == []
