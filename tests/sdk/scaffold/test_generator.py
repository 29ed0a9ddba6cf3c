"""The scaffold: a plugin made outside of the workspace is green at once; its wheel serves beside the pack."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.server_process import running

ROOT = Path(__file__).parents[3]
TENURE = Path(sys.executable).with_name("tenure")


class Author:
    """Somebody who makes a plugin in a folder of his own.

    Args:
        folder: Where the plugin lies.
        uv: The installer, which has its own cache.
        server_url: The PostgreSQL that its tests make databases in.
        constraints: A file with the versions that this repository is locked to.
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
        """The command in the plugin's own environment."""
        return str(self.folder / ".venv" / "bin" / "tenure")

    def run(self, *command: str, **environment: str) -> str:
        """Run a command in the folder, and return what it prints; it must succeed."""
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


def installer() -> str:
    """The uv of this machine, or that of this checkout: `make` brings it where there is none."""
    if found := shutil.which("uv"):
        return found
    own = Path(".tenure", "uv", "bin", "uv")
    subprocess.run(["make", str(own)], cwd=ROOT, check=True, capture_output=True)
    return str(ROOT / own)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Author:
    """The author of a plugin that was just made, and is installed in an environment of its own."""
    folder = tmp_path_factory.mktemp("outside")
    subprocess.run([TENURE, "plugin", "new", "guest_book", "--path", folder], check=True, capture_output=True)
    locked = re.findall(r"^[a-z].*?==[^ \\]+", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (folder / "locked.txt").write_text("\n".join(locked))
    return Author(folder / "guest_book", installer(), server_url, folder / "locked.txt")


def test_a_new_plugin_is_green_at_once(author: Author) -> None:
    assert re.search(r"^\.{4} .*100%", author.run("make", "test"), re.MULTILINE)


def test_its_migration_is_what_makemigration_writes_for_it(author: Author, server_url: str) -> None:
    [migration] = (author.folder / "tenure_guest_book" / "migrations").glob("*.py")
    brought = migration.read_text()
    migration.unlink()
    make = ("plugin", "makemigration", "guest_book", "--message", "Visits")
    author.run(author.tenure, *make, DATABASE_URL=server_url, TENURE_PLUGINS_ALLOW="guest_book")
    assert migration.read_text() == brought


def test_its_check_tells_by_its_exit_code(author: Author) -> None:
    module = author.folder / "tenure_guest_book" / "plugin.py"
    sound = module.read_text()
    module.write_text(f"{sound}\n\n@hookimpl\ndef register_entites():\n    return []\n")
    environment = os.environ | {"TENURE_PLUGINS_ALLOW": "guest_book"}
    check = [author.tenure, "plugin", "check", "guest_book"]
    done = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    module.write_text(sound)
    assert done.returncode == 1, done.stderr
    assert "Do you mean register_entities?" in done.stdout


QUESTION = """{
  accounts {
    nodes {
      name lastGuestBookVisit
      guestBookVisits { nodes { visitedOn } }
      equipment { nodes { serialNumber } }
    }
  }
}"""


def test_its_wheel_serves_beside_the_pack(author: Author, empty_database_url: str) -> None:
    author.run("make", "wheel")
    [wheel] = (author.folder / "dist").glob("*.whl")
    pack = str(ROOT / "plugins" / "manufacturing")
    install = (author.uv, "pip", "install", "--python", ".venv", "--reinstall-package", "tenure-guest-book")
    author.run(*install, str(wheel), pack)
    plugins = {"TENURE_PLUGINS_ALLOW": "guest_book,manufacturing"}
    database = {"DATABASE_URL": empty_database_url, **plugins}
    author.run(author.tenure, "migrate", **database)
    key = author.run(
        author.tenure, "token", "create", "--tenant", "acme", "--role", "admin", **database
    ).split()[-1]
    for plugin in ("guest_book", "manufacturing"):
        author.run(author.tenure, "plugin", "enable", plugin, "--tenant", "acme", **database)
    with running(empty_database_url, author.tenure, **plugins) as server:
        assert "errors" not in ask(
            server.url, key, 'mutation { accountCreate(input: {name: "Acme"}) { status } }'
        )
        answer = ask(server.url, key, QUESTION)
    empty: dict[str, Any] = {"nodes": []}
    record = {"name": "Acme", "lastGuestBookVisit": None, "guestBookVisits": empty, "equipment": empty}
    assert answer == {"data": {"accounts": {"nodes": [record]}}}


def ask(url: str, key: str, query: str) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{url}/graphql", json={"query": query}, headers=headers, timeout=30).json()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Fleet", "is no name for a plugin"),
        ("fleet", "There is something in"),
        ("core", "tenure_core is installed already"),
        ("serve", "`tenure serve` is a command of Tenure's own"),
        ("manufacturing", "tenure_manufacturing is installed already"),
    ],
)
def test_what_can_not_be_written_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("Keep me.")
    done = subprocess.run(
        [TENURE, "plugin", "new", name, "--path", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert reason in done.stderr
    assert [file.name for file in (tmp_path / name).iterdir()] == ["mine.txt"]
