"""The IDE page: whole with no way out once its files are there, useful before, and safe for a key."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import stat
from importlib.resources import files
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
    settings = Settings(home=home)
    app = Starlette(routes=[Route("/graphql", ide_page), ide_routes(settings)])
    app.state.settings = settings
    return app


@pytest.fixture
def secret_file(home: Path) -> None:
    home.mkdir()
    (home / "demo-key").write_text("secret")


def put_files(home: Path) -> None:
    for file in IDE_FILES:
        path = ide_folder(home) / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"stands for {file.name}")


async def get(app: Starlette, path: str) -> tuple[int, dict[str, str], str]:
    """Ask the app as a server would, and return status, headers and body."""
    sent: list[dict] = []
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}

    async def receive() -> dict:
        return await asyncio.Future()

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]).decode()


def links(page: str) -> list[tuple[str, str]]:
    """Return the address and the hash of everything that the page loads beside its own script."""
    return re.findall(r'(?:src|href)="([^"]+)" crossorigin="anonymous" integrity="([^"]+)"', page)


async def test_with_its_files_installed_the_page_needs_no_other_server(app: Starlette, home: Path) -> None:
    put_files(home)
    status, headers, page = await get(app, "/graphql")
    assert status == 200
    assert "//" not in page
    assert "//" not in headers["content-security-policy"]
    for link, _ in links(page):
        assert (await get(app, link))[::2] == (200, f"stands for {link.removeprefix('/graphql/ide/files/')}")


async def test_the_page_checks_the_hash_of_every_file_that_it_loads(app: Starlette, home: Path) -> None:
    put_files(home)
    _, _, page = await get(app, "/graphql")
    assert [integrity for _, integrity in links(page)] == [file.integrity for file in IDE_FILES]


async def test_without_its_files_the_page_takes_those_of_strawberrys_page(app: Starlette) -> None:
    _, headers, page = await get(app, "/graphql")
    strawberrys = re.sub(r"\s+", " ", (files("strawberry") / "static" / "graphiql.html").read_text())
    assert len(links(page)) == len(IDE_FILES)
    for link, integrity in links(page):
        assert f'"{link}" integrity="{integrity}"' in strawberrys
        assert link.split("/")[2] in headers["content-security-policy"]


async def test_the_page_says_what_to_run_where_nothing_can_be_loaded(app: Starlette) -> None:
    _, _, page = await get(app, "/graphql")
    assert "tenure ide install" in page


async def test_the_page_may_talk_to_its_own_server_only(app: Starlette) -> None:
    _, headers, _ = await get(app, "/graphql")
    assert "connect-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_page_takes_the_key_from_the_part_of_the_address_that_is_never_sent(app: Starlette) -> None:
    status, headers, script = await get(app, "/graphql/ide/ide.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert "location.hash" in script


async def test_the_page_subscribes_over_a_socket_of_its_own_server(app: Starlette) -> None:
    _, _, script = await get(app, "/graphql/ide/ide.js")
    assert 'subscriptionUrl: location.origin.replace(/^http/, "ws") + location.pathname' in script


@pytest.mark.usefixtures("secret_file")
@pytest.mark.parametrize(
    "path", ["nothing.js", "../demo-key", "react@18.2.0/../../../demo-key", IDE_FILES[0].name]
)
async def test_only_the_files_of_the_page_are_served_and_only_where_they_are(
    app: Starlette, path: str
) -> None:
    status, _, body = await get(app, f"/graphql/ide/files/{path}")
    assert status == 404
    assert "secret" not in body


@pytest.fixture
def small_file(monkeypatch: pytest.MonkeyPatch) -> IdeFile:
    """One small file in place of GraphiQL's four, of which the test knows the content."""
    digest = hashlib.sha384(b"the right content").digest()
    file = IdeFile("small@1.0.0", "dist/small.js", "sha384-" + base64.b64encode(digest).decode())
    monkeypatch.setattr(ide_files, "IDE_FILES", (file,))
    return file


def npm_that(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called npm first on the path, which does what the test wants npm to do."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\n{does}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=":")


def packs(content: str) -> str:
    return (
        f"mkdir -p package/dist; printf '{content}' > package/dist/small.js; tar czf small-1.0.0.tgz package"
    )


def test_install_puts_checked_files_where_the_page_finds_them(
    small_file: IdeFile, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that(packs("the right content"), tmp_path, monkeypatch)
    assert not is_installed(home)
    assert install(home) == ide_folder(home)
    assert is_installed(home)
    assert (ide_folder(home) / small_file.name).read_text() == "the right content"


@pytest.mark.usefixtures("small_file")
def test_install_refuses_a_file_that_is_not_the_one_we_know(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that(packs("another content"), tmp_path, monkeypatch)
    with pytest.raises(IdeInstallError, match="not the file that we know"):
        install(home)
    assert not is_installed(home)


@pytest.mark.usefixtures("small_file")
def test_install_tells_what_npm_said(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_that("echo 'npm error code EAI_AGAIN' >&2; exit 1", tmp_path, monkeypatch)
    with pytest.raises(IdeInstallError, match="code EAI_AGAIN"):
        install(home)


def test_install_without_npm_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(IdeInstallError, match="npm"):
        install(home)
