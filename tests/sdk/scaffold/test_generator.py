"""The generated plugin: it passes its tests outside of the workspace, and its wheel works with the pack."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.command_line import run_in_process
from tests.support.server_process import run_tenure

ROOT = Path(__file__).parents[3]
TENURE = Path(sys.executable).with_name("tenure")


class GeneratedPlugin:
    """A generated plugin in its own virtual environment.

    Args:
        folder: The folder of the plugin.
        uv: The installer.
        server_url: The PostgreSQL server for test databases.
        constraints: A file with the locked versions of this repository.
    """

    def __init__(self, folder: Path, uv: str, server_url: str, constraints: Path) -> None:
        self.folder = folder
        self.uv = uv
        self._environment = {
            "PATH": os.pathsep.join([str(Path(uv).parent), os.environ["PATH"]]),
            "TENURE_TEST_DATABASE_URL": server_url,
            "UV_CONSTRAINT": str(constraints),
        }

    @property
    def tenure(self) -> str:
        """The command in the plugin's environment."""
        return str(self.folder / ".venv" / "bin" / "tenure")

    def run(self, *command: str, **environment: str) -> str:
        """Run a command in the folder and return its output; it must succeed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self._environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def find_uv() -> str:
    """The uv of this machine, or that of this checkout, which `make` installs."""
    if path := shutil.which("uv"):
        return path
    local = Path(".tenure", "uv", "bin", "uv")
    subprocess.run(["make", str(local)], cwd=ROOT, check=True, capture_output=True)
    return str(ROOT / local)


@pytest.fixture(scope="module", autouse=True)
def _without_pack_settings() -> Iterator[None]:
    """Remove the pack's settings, which its tests set: an environment without the pack rejects them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("TENURE_MANUFACTURING_PRIVATE_WEBHOOKS", raising=False)
        yield


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> GeneratedPlugin:
    """A new plugin."""
    folder = tmp_path_factory.mktemp("outside")
    subprocess.run([TENURE, "plugin", "new", "guest_book", "--path", folder], check=True, capture_output=True)
    locked = re.findall(r"^[a-z].*?==[^ \\]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (folder / "locked.txt").write_text("\n".join(locked))
    return GeneratedPlugin(folder / "guest_book", find_uv(), server_url, folder / "locked.txt")


def test_a_new_plugin_passes_its_tests(plugin: GeneratedPlugin) -> None:
    assert re.search(r"^\.{4} .*100%", plugin.run("make", "test"), re.MULTILINE)


def test_its_migration_equals_the_generated_migration(plugin: GeneratedPlugin, server_url: str) -> None:
    [migration] = (plugin.folder / "tenure_guest_book" / "migrations").glob("*.py")
    template = migration.read_text()
    migration.unlink()
    command = ("plugin", "makemigration", "guest_book", "--message", "Visits")
    plugin.run(plugin.tenure, *command, DATABASE_URL=server_url, TENURE_PLUGINS_ALLOW="guest_book")
    assert migration.read_text() == template


def test_the_check_fails_on_a_misspelled_hook(plugin: GeneratedPlugin) -> None:
    module = plugin.folder / "tenure_guest_book" / "plugin.py"
    source = module.read_text()
    module.write_text(f"{source}\n\n@hookimpl\ndef register_entites():\n    return []\n")
    environment = os.environ | {"TENURE_PLUGINS_ALLOW": "guest_book"}
    check = [plugin.tenure, "plugin", "check", "guest_book"]
    done = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    module.write_text(source)
    assert done.returncode == 1, done.stderr
    assert "Did you mean register_entities?" in done.stdout


QUERY = """{
  accounts {
    nodes {
      name lastGuestBookVisit
      guestBookVisits { nodes { visitedOn } }
      equipment { nodes { serialNumber } }
    }
  }
}"""


def test_its_wheel_works_together_with_the_pack(plugin: GeneratedPlugin, empty_database_url: str) -> None:
    plugin.run("make", "wheel")
    [wheel] = (plugin.folder / "dist").glob("*.whl")
    pack = str(ROOT / "plugins" / "manufacturing")
    install = (plugin.uv, "pip", "install", "--python", ".venv", "--reinstall-package", "tenure-guest-book")
    plugin.run(*install, str(wheel), pack)
    plugins = {"TENURE_PLUGINS_ALLOW": "guest_book,manufacturing"}
    database = {"DATABASE_URL": empty_database_url, **plugins}
    plugin.run(plugin.tenure, "migrate", **database)
    key = plugin.run(
        plugin.tenure, "token", "create", "--tenant", "acme", "--role", "admin", **database
    ).split()[-1]
    for name in ("guest_book", "manufacturing"):
        plugin.run(plugin.tenure, "plugin", "enable", name, "--tenant", "acme", **database)
    with run_tenure(empty_database_url, plugin.tenure, **plugins) as server:
        assert "errors" not in execute(
            server.url, key, 'mutation { accountCreate(input: {name: "Acme"}) { status } }'
        )
        answer = execute(server.url, key, QUERY)
    empty: dict[str, Any] = {"nodes": []}
    record = {"name": "Acme", "lastGuestBookVisit": None, "guestBookVisits": empty, "equipment": empty}
    assert answer == {"data": {"accounts": {"nodes": [record]}}}


def execute(url: str, key: str, query: str) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{url}/graphql", json={"query": query}, headers=headers, timeout=30).json()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Fleet", "is not a valid plugin name"),
        ("fleet", "is not empty"),
        ("core", "The package tenure_core is already installed"),
        ("serve", "`tenure serve` is a built-in command"),
        ("manufacturing", "The package tenure_manufacturing is already installed"),
    ],
)
def test_an_invalid_name_or_folder_is_rejected(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("Keep me.")
    done = run_in_process("plugin", "new", name, "--path", str(tmp_path), folder=tmp_path)
    assert done.returncode == 3
    assert reason in done.stderr
    assert [file.name for file in (tmp_path / name).iterdir()] == ["mine.txt"]
