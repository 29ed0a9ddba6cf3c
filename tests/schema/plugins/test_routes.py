"""Plugins' HTTP routes: for tenants that have enabled the plugin, one transaction per request."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from tests.support.vehicle_plugin import FleetCar, fleet

from tenure_core.errors import BadUserInputError, ConflictError, PluginError
from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_sdk import Context
from tenure_sdk.testing import RunningTenure, Tenant, running_tenure

CALLS: list[str] = []


def context_of(request: Request) -> Context:
    context: Context = request.state.context
    return context


async def park(request: Request) -> Response:
    """Create a car with the plate in the body."""
    plate = (await request.body()).decode()
    await context_of(request).write.create(FleetCar, [{"plate": plate}])
    return JSONResponse({"parked": plate, "by": context_of(request).actor.role}, status_code=201)


async def reject(request: Request) -> Response:
    await context_of(request).write.create(FleetCar, [{"plate": "rejected"}])
    return PlainTextResponse("parking lot full", status_code=409)


async def fail(request: Request) -> Response:
    await context_of(request).write.create(FleetCar, [{"plate": "failed"}])
    raise {
        "input": BadUserInputError("It is not a plate."),
        "gone": HTTPException(410),
        "lost": HTTPException(404, "There is no such car."),
        "bug": KeyError("secret"),
    }[request.path_params["how"]]


async def conflict(request: Request) -> Response:
    CALLS.append((await request.body()).decode())
    if len(CALLS) == 1:
        raise ConflictError("A concurrent write changed the record.")
    return PlainTextResponse("done")


async def stream(request: Request) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        for n in range(3):
            await asyncio.sleep(0)
            yield f"{n}\n".encode()

    return StreamingResponse(lines(), media_type="text/plain")


async def hang(request: Request) -> Response:
    await asyncio.sleep(60)
    return PlainTextResponse("late")


ROUTES = [
    Route("/park", park, methods=["POST"]),
    Route("/reject", reject),
    Route("/fail/{how}", fail),
    Route("/conflict", conflict, methods=["POST"]),
    Route("/stream", stream),
    Route("/hang", hang),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [fleet(register_routes=lambda: ROUTES)]
    async with running_tenure(server_url, plugins, request_timeout_seconds=0.5) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.create_tenant()


async def cars(tenant: Tenant) -> int:
    answer = await tenant.execute("{ fleetCars { totalCount } }")
    return int(answer["data"]["fleetCars"]["totalCount"])


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_writes_of_a_route_are_committed(tenant: Tenant) -> None:
    answer = await tenant.client.post("/plugins/fleet/park", content=b"B-TN 1")
    assert (answer.status_code, answer.json()) == (201, {"parked": "B-TN 1", "by": "admin"})
    assert await cars(tenant) == 1


async def test_an_error_status_rolls_back_the_writes(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/reject")
    assert (answer.status_code, answer.text) == (409, "parking lot full")
    assert await cars(tenant) == 0


@pytest.mark.parametrize(
    ("how", "status", "expected"),
    [("input", 400, "BAD_USER_INPUT"), ("gone", 410, "GONE"), ("bug", 500, "PLUGIN_FAILED")],
)
async def test_errors_have_the_format_of_graphql_errors(
    tenant: Tenant, how: str, status: int, expected: str
) -> None:
    answer = await tenant.client.get(f"/plugins/fleet/fail/{how}")
    assert (answer.status_code, code(answer)) == (status, expected)
    assert "secret" not in answer.text
    assert await cars(tenant) == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/plugins/fleet/nowhere", 404, "The plugin fleet has no route /plugins/fleet/nowhere."),
        ("GET", "/plugins/fleet/nowhere", 404, "Its routes are /plugins/fleet/park, /plugins/fleet/reject, "),
        ("GET", "/plugins/fleet", 404, "The plugin fleet has no route /plugins/fleet. Its routes are "),
        ("GET", "/plugins/fleet/park", 405, "Method Not Allowed. /plugins/fleet/park supports POST."),
        ("GET", "/plugins/fleet/fail/gone", 410, "Gone."),
        ("GET", "/plugins/fleet/fail/lost", 404, "There is no such car."),
        ("GET", "/plugins/fleeet/park", 404, "No loaded plugin serves /plugins/fleeet/park."),
        ("GET", "/nowhere", 404, "Not Found. Send GraphQL requests as POST to /graphql."),
    ],
)
async def test_an_unknown_route_is_rejected_with_the_reason(
    tenant: Tenant, method: str, path: str, status: int, message: str
) -> None:
    answer = await tenant.client.request(method, path)
    assert answer.status_code == status
    assert message in answer.json()["errors"][0]["message"]


async def test_routes_are_listed_only_for_callers_with_access(tenure: RunningTenure, tenant: Tenant) -> None:
    stranger = await tenure.open_tenant(f"stranger {uuid.uuid4()}", "admin")
    assert "park" not in (await stranger.client.get("/plugins/fleet/nowhere")).text
    nobody = await tenant.client.get("/plugins/fleet/nowhere", headers={"Authorization": ""})
    assert (nobody.status_code, "park" in nobody.text) == (401, False)


async def test_a_request_that_conflicts_with_a_write_is_retried(tenant: Tenant) -> None:
    CALLS.clear()
    assert (await tenant.client.post("/plugins/fleet/conflict", content=b"it")).text == "done"
    assert CALLS == ["it", "it"]


async def test_a_response_can_be_streamed(tenant: Tenant) -> None:
    assert (await tenant.client.get("/plugins/fleet/stream")).text == "0\n1\n2\n"


async def test_a_request_that_takes_too_long_is_cancelled(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/hang")
    assert (answer.status_code, code(answer)) == (504, "TIMEOUT")


async def test_a_body_that_is_too_large_is_rejected(tenant: Tenant) -> None:
    answer = await tenant.client.post("/plugins/fleet/park", content=b"x" * 1_000_001)
    assert (answer.status_code, code(answer)) == (413, "REQUEST_TOO_LARGE")


async def test_an_api_key_is_required(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/reject", headers={"Authorization": "Bearer no"})
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_plugin_must_be_enabled(tenure: RunningTenure) -> None:
    plain = await tenure.open_tenant(f"plain {uuid.uuid4()}", "admin")
    answer = await plain.client.get("/plugins/fleet/stream")
    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
    assert "fleet, which is not enabled" in answer.json()["errors"][0]["message"]


async def test_the_context_has_the_role_of_the_api_key(tenant: Tenant) -> None:
    reader = await tenant.with_role("reader")
    answer = await reader.client.post("/plugins/fleet/park", content=b"B-TN 1")
    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")


async def test_other_paths_are_not_found(tenant: Tenant) -> None:
    for address in ("/plugins/fleet/nothing", "/plugins/navy/park", "/plugins"):
        answer = await tenant.client.get(address)
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("route", ["/park", WebSocketRoute("/park", park)])
def test_an_object_that_is_not_a_route_stops_the_start(route: object) -> None:
    with pytest.raises(PluginError, match=r"register_routes of the plugin fleet returned .*park.*Mount"):
        create_app(Settings(), "postgresql://nowhere", [fleet(register_routes=lambda: [route])])
