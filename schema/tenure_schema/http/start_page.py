"""The start page at `GET /`: leads a browser to GraphiQL, or states what this service is."""

from __future__ import annotations

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tenure_schema.http.graphql_endpoint import GRAPHQL_PATH

HEALTH_PATH = "/healthz"
VARY = {"Vary": "Accept"}
PAGE_HEADERS = {**VARY, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


async def start_page(request: Request) -> Response:
    """Redirect a browser to GraphiQL if it is enabled, otherwise return a page; other clients get JSON.

    A client is a browser if its Accept header contains text/html. The links are relative, so that they
    work behind a proxy that adds a path prefix.
    """
    if "text/html" not in request.headers.get("accept", ""):
        paths = {"graphql": GRAPHQL_PATH, "health": HEALTH_PATH}
        return JSONResponse({"service": "Tenure", **paths}, headers=VARY)
    if request.app.state.settings.ide:
        return RedirectResponse(GRAPHQL_PATH.removeprefix("/"), 303, VARY)
    return HTMLResponse(read_static("start.html"), headers=PAGE_HEADERS)


def read_static(name: str) -> bytes:
    """Return the content of a file in the folder `static`."""
    return (files("tenure_schema.http") / "static" / name).read_bytes()
