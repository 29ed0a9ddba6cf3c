"""The IDE page: GraphiQL for people who open the API in a browser.

The page holds no data and needs no key; what it asks, it asks with the key that its user gives it. GraphiQL's
files come from our own server where `tenure ide install` has brought them, and else from where the page that
Strawberry ships takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from tenure_core.settings import Settings
from tenure_schema.http.ide_files import IDE_FILES, IdeFile, ide_folder, is_installed

IDE_PATH = "/graphql/ide"
FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
"""GraphiQL's files carry their version in their names, so a browser need not ask for them again."""


async def ide_page(request: Request) -> Response:
    """Return the IDE page; the application keeps its `Settings` in `app.state.settings`."""
    settings: Settings = request.app.state.settings
    link = _our_link if is_installed(settings.home) else _strawberrys_link
    links = {file: link(file) for file in IDE_FILES}
    page = _static("ide.html").decode().replace("{{files}}", "\n    ".join(map(_tag, links, links.values())))
    headers = {"Content-Security-Policy": _policy(links.values()), "Referrer-Policy": "no-referrer"}
    return HTMLResponse(page, headers=headers)


def ide_files(settings: Settings) -> Mount:
    """Return the routes below /graphql/ide: the page's script, and GraphiQL's files once they are there."""
    folder = ide_folder(settings.home)
    known = {file.name for file in IDE_FILES}

    async def graphiql_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in known or not (folder / name).is_file():
            raise HTTPException(404)
        return FileResponse(folder / name, headers=FOR_A_YEAR)

    return Mount(
        IDE_PATH, routes=[Route("/ide.js", _page_script), Route("/files/{name:path}", graphiql_file)]
    )


async def _page_script(_: Request) -> Response:
    return Response(_static("ide.js"), media_type="text/javascript")


@cache
def _static(name: str) -> bytes:
    return (files("tenure_schema.http") / "static" / name).read_bytes()


def _our_link(file: IdeFile) -> str:
    return f"{IDE_PATH}/files/{file.name}"


@cache
def _strawberrys_link(file: IdeFile) -> str:
    """Return where the page that Strawberry ships takes the same file from."""
    page = (files("strawberry") / "static" / "graphiql.html").read_text()
    found = re.search(rf'"(https://[^"]*/{re.escape(file.name)})"', page)
    return found[1] if found else _our_link(file)


def _tag(file: IdeFile, link: str) -> str:
    checked = f'crossorigin="anonymous" integrity="{file.integrity}"'
    if link.endswith(".css"):
        return f'<link rel="stylesheet" href="{link}" {checked}>'
    return f'<script defer src="{link}" {checked}></script>'


def _policy(links: Iterable[str]) -> str:
    """Return a policy by which the page talks to this server only: no script can carry the key away."""
    sources = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, links) if parts.netloc})
    allowed = " ".join(["'self'", *sources])
    return (
        f"default-src 'none'; script-src {allowed}; style-src {allowed} 'unsafe-inline'; "
        "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
