"""Calls: requests to a plugin's routes, made up from their paths, or as its author has written them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLID
from starlette.routing import Route

from tenure_core.catalog import Catalog
from tenure_core.errors import PluginError
from tenure_core.naming import camel_case
from tenure_core.plugins import LoadedPlugin
from tenure_sdk.checks.arguments import Arguments, Records
from tenure_sdk.checks.beside import text_beside
from tenure_sdk.trial import Response, Tenant

FILE = "requests.http"
"""Further requests, beside the module that holds a plugin's hooks: its author knows what to send.

Each begins with its method and its path; then come headers, an empty line, and the body. A line of `###` is
between two.
"""

BETWEEN = re.compile(r"^###.*\n?", re.MULTILINE)
PLACE = re.compile(r"\{([a-z]\w*)(?::\w+)?\}")
"""Where something stands that is made up: `{vehicle}`, in paths and bodies."""

FIRST_LINE = re.compile(r"([A-Za-z]+)\s+(/\S*).*")
HEADER = re.compile(r"([\w-]+):\s*(.*)")

READING = frozenset(("GET", "HEAD"))
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

FIRST_FAULT = 400
"""The lowest status of an answer that says that nothing was done."""


@dataclass(frozen=True)
class Call:
    """A request to a route.

    Args:
        method: Its method.
        path: Its path, below that of the plugin, with places for what is made up.
        root: The path of the plugin.
        headers: Its headers, beside the API key.
        body: Its body, with places likewise.
        about: The entity that it is about; "" for none.
    """

    method: str
    path: str
    root: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    about: str = ""

    file = FILE
    single = False

    @property
    def where(self) -> str:
        """What it is, for people."""
        return f"{self.method} {self.path}"

    @property
    def variables(self) -> list[str]:
        """What is made up for it."""
        return PLACE.findall(self.path + self.body)

    @property
    def reads(self) -> bool:
        """Whether it only asks for something."""
        return self.method in READING

    @property
    def route(self) -> tuple[str, str]:
        """What route it is to, whatever its places are called."""
        return self.method, PLACE.sub("{}", self.path.partition("?")[0])

    def narrowed(self) -> Iterable[Call]:
        """Return no calls: it can't be sent in parts."""
        return ()

    async def ask(self, tenant: Tenant, catalog: Catalog, records: Records) -> Response:
        """Return what a tenant is answered, in the form of a response to a question.

        Raises:
            NoValueError: It wants what can't be made up.
        """
        arguments = Arguments(catalog, records, self.about)

        def filled(text: str) -> str:
            """Return a text with values in its places."""
            return PLACE.sub(lambda found: str(arguments.value(camel_case(found[1]), GraphQLID)), text)

        url, body = self.root + filled(self.path), filled(self.body)
        answer = await tenant.client.request(self.method, url, content=body, headers=dict(self.headers))
        if answer.status_code < FIRST_FAULT:
            return {"data": {self.where: answer.text}}
        return {"errors": [_error(answer.status_code, answer.text)]}


def _error(status: int, text: str) -> dict[str, Any]:
    code = "FORBIDDEN" if status in (401, 403) else str(status)
    return {"message": f"{status} {text}", "extensions": {"code": code}}


def calls_of(plugin: LoadedPlugin, catalog: Catalog) -> list[Call]:
    """Return requests to all routes of a plugin: as its author has written them, or else made up.

    Args:
        plugin: The plugin.
        catalog: What there is.
    """
    root = f"/plugins/{plugin.name}"
    written = list(_written(plugin, root))
    known = {call.route for call in written}
    made = [
        Call(method, path, root, body="" if method in READING else "{}", about=_about(path, catalog))
        for path, route in _routes(plugin.routes)
        for method in _methods(route)
    ]
    return [*(call for call in made if call.route not in known), *written]


def _routes(routes: Iterable[Any], above: str = "") -> Iterator[tuple[str, Route]]:
    """Yield the routes with their paths, also those that lie below others."""
    for one in routes:
        if isinstance(one, Route):
            yield above + one.path, one
        else:
            yield from _routes(getattr(one, "routes", None) or (), above + getattr(one, "path", ""))


def _methods(route: Route) -> list[str]:
    """Return the methods that a route takes; where its endpoint is a class, that has a method for each."""
    if route.methods:
        return [method for method in METHODS if method in route.methods]
    return [method for method in METHODS if hasattr(route.endpoint, method.lower())]


def _about(path: str, catalog: Catalog) -> str:
    """Return the entity that a path names: `/vehicles/{id}` is about vehicles."""
    names = [camel_case(part.replace("-", "_")) for part in path.split("/")]
    found = [catalog.by_plural.get(name) or catalog.by_singular.get(name) for name in names]
    return next((entity.name for entity in reversed(found) if entity), "")


def _written(plugin: LoadedPlugin, root: str) -> Iterator[Call]:
    """Yield the requests that the plugin's author has written for the kit."""
    for text in filter(str.strip, BETWEEN.split(text_beside(plugin, FILE))):
        head, _, body = text.strip().partition("\n\n")
        [first, *headers] = head.splitlines()
        method, path = _read(FIRST_LINE, first, "a method and a path, such as `GET /vehicles/{vehicle}`")
        given = dict(_read(HEADER, line, "a header, such as `Accept: text/plain`") for line in headers)
        yield Call(method.upper(), path, root, given, body.strip())


def _read(form: re.Pattern[str], line: str, expected: str) -> tuple[str, str]:
    found = form.fullmatch(line.strip())
    if found is None:
        hint = (
            "A request begins with its method and its path; then come headers, an empty line, and the body."
        )
        raise PluginError(f"{FILE} has {line!r} where {expected}, is expected.", hint)
    return found[1], found[2]
