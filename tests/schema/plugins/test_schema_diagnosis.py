"""Blame: a plugin whose own types no schema can be built of stops the start by its name, or is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
import strawberry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tests.support.vehicle_plugin import fleet

from tenure_core.errors import PluginError
from tenure_sdk import GraphQLParts
from tenure_sdk.testing import RunningTenure, running_tenure


def answering(name: str, type_: type, requires: tuple[str, ...] = ()) -> SimpleNamespace:
    """Return a plugin with a root field and a route of its name."""

    async def resolve(self: object) -> None:
        """Answer."""

    async def route(request: Request) -> Response:
        return PlainTextResponse(name)

    field = strawberry.field(resolve, graphql_type=type_ | None, description="Something.")
    parts = GraphQLParts(query=strawberry.type(type(name, (), {name: field, "__annotations__": {}})))
    routes = [Route("/here", route)]
    return fleet(name, requires, register_graphql=lambda: parts, register_routes=lambda: routes)


@asynccontextmanager
async def started(server_url: str, failures: str) -> AsyncIterator[RunningTenure]:
    plugins = [answering("sound", int), answering("odd", complex), answering("upon", int, ("odd",))]
    async with running_tenure(server_url, plugins, plugin_failures=failures) as tenure:
        yield tenure


async def test_it_stops_the_start_with_its_name_alone(server_url: str) -> None:
    with pytest.raises(PluginError, match=r"The plugin odd failed at the start: The schema can't be built"):
        async with started(server_url, "stop"):
            pass


async def test_it_is_left_out_with_all_that_require_it_where_the_settings_say_so(server_url: str) -> None:
    async with started(server_url, "skip") as tenure:
        tenant = await tenure.new_tenant()
        found = await tenant.ask("{ plugins { name status problems } sound }")
        paths = [f"/plugins/{name}/here" for name in ("sound", "odd", "upon")]
        assert [(await tenant.client.get(path)).status_code for path in paths] == [200, 404, 404]
    assert found["data"]["sound"] is None
    by_name = {one["name"]: (one["status"], one["problems"]) for one in found["data"]["plugins"]}
    assert by_name["sound"] == ("LOADED", [])
    assert by_name["odd"][0] == "SKIPPED"
    assert "The schema can't be built" in by_name["odd"][1][0]
    assert by_name["upon"] == (
        "SKIPPED",
        ["It was left out at the start: It requires odd, which was left out."],
    )
