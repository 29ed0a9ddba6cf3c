"""The GraphiQL page at `GET /graphql`, for people who open the API in a browser.

The page needs no API key and contains no data; its requests send the key that the user enters. It loads
everything from this server.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route

from tenure_core.settings import Settings
from tenure_schema.http.graphql_endpoint import GRAPHQL_PATH
from tenure_schema.http.ide_files import IDE_FILES, IdeFile, ide_folder
from tenure_schema.http.start_page import read_static

IDE_PATH = f"{GRAPHQL_PATH}/ide"
CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""The paths of GraphiQL's files contain their versions, so browsers can cache them without revalidation."""

PAGE_HEADERS = {
    # Scripts can send data, such as the API key, only to this server.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


async def ide_page(_: Request) -> Response:
    """Return the page. If GraphiQL's files are not installed, it states how to install them."""
    tags = "\n    ".join(_render_tag(file) for file in IDE_FILES)
    page = read_static("ide.html").decode().replace("{{files}}", tags)
    return HTMLResponse(page, headers=PAGE_HEADERS)


def ide_files(settings: Settings) -> Mount:
    """Return the routes below /graphql/ide: the script of the page, and GraphiQL's installed files."""
    folder = ide_folder(settings.home)
    names = {file.name for file in IDE_FILES}

    async def graphiql_file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in names or not (folder / name).is_file():
            raise HTTPException(404)
        return FileResponse(folder / name, headers=CACHE_FOREVER)

    routes = [Route("/ide.js", _page_script), Route("/files/{name:path}", graphiql_file)]
    return Mount(IDE_PATH, routes=routes)


async def _page_script(_: Request) -> Response:
    return Response(read_static("ide.js"), media_type="text/javascript")


def _render_tag(file: IdeFile) -> str:
    link, integrity = f"{IDE_PATH}/files/{file.name}", f'crossorigin="anonymous" integrity="{file.integrity}"'
    if file.name.endswith(".css"):
        return f'<link rel="stylesheet" href="{link}" {integrity}>'
    return f'<script defer src="{link}" {integrity}></script>'
