"""Routes of plugins: for keys of tenants that have them enabled, each request in a transaction of its own."""

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
    found: Context = request.state.context
    return found


async def park(request: Request) -> Response:
    """Park the car whose plate the body is."""
    plate = (await request.body()).decode()
    await context_of(request).write.create(FleetCar, [{"plate": plate}])
    return JSONResponse({"parked": plate, "by": context_of(request).actor.role}, status_code=201)


async def refuse(request: Request) -> Response:
    await context_of(request).write.create(FleetCar, [{"plate": "refused"}])
    return PlainTextResponse("no room", status_code=409)


async def fail(request: Request) -> Response:
    await context_of(request).write.create(FleetCar, [{"plate": "failed"}])
    raise {
        "input": BadUserInputError("It is no plate."),
        "gone": HTTPException(410),
        "lost": HTTPException(404, "There is no such car."),
        "bug": KeyError("secret"),
    }[request.path_params["how"]]


async def meet(request: Request) -> Response:
    CALLS.append((await request.body()).decode())
    if len(CALLS) == 1:
        raise ConflictError("Another write got in the way.")
    return PlainTextResponse("done")


async def stream(request: Request) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        for n in range(3):
            await asyncio.sleep(0)
            yield f"{n}\n".encode()

    return StreamingResponse(lines(), media_type="text/plain")


async def dawdle(request: Request) -> Response:
    await asyncio.sleep(60)
    return PlainTextResponse("late")


ROUTES = [
    Route("/park", park, methods=["POST"]),
    Route("/refuse", refuse),
    Route("/fail/{how}", fail),
    Route("/meet", meet, methods=["POST"]),
    Route("/stream", stream),
    Route("/dawdle", dawdle),
]


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    plugins = [fleet(register_routes=lambda: ROUTES)]
    async with running_tenure(server_url, plugins, request_timeout_seconds=0.5) as running:
        yield running


@pytest.fixture
async def tenant(tenure: RunningTenure) -> Tenant:
    return await tenure.new_tenant()


async def cars(tenant: Tenant) -> int:
    answer = await tenant.ask("{ fleetCars { totalCount } }")
    return int(answer["data"]["fleetCars"]["totalCount"])


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_what_a_route_writes_is_there_once_it_has_answered(tenant: Tenant) -> None:
    answer = await tenant.client.post("/plugins/fleet/park", content=b"B-TN 1")
    assert (answer.status_code, answer.json()) == (201, {"parked": "B-TN 1", "by": "admin"})
    assert await cars(tenant) == 1


async def test_an_answer_that_says_no_undoes_what_was_written(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/refuse")
    assert (answer.status_code, answer.text) == (409, "no room")
    assert await cars(tenant) == 0


@pytest.mark.parametrize(
    ("how", "status", "expected"),
    [("input", 400, "BAD_USER_INPUT"), ("gone", 410, "GONE"), ("bug", 500, "PLUGIN_FAILED")],
)
async def test_errors_are_told_as_elsewhere(tenant: Tenant, how: str, status: int, expected: str) -> None:
    answer = await tenant.client.get(f"/plugins/fleet/fail/{how}")
    assert (answer.status_code, code(answer)) == (status, expected)
    assert "secret" not in answer.text
    assert await cars(tenant) == 0


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/plugins/fleet/nowhere", 404, "The plugin fleet has no route /plugins/fleet/nowhere."),
        ("GET", "/plugins/fleet/nowhere", 404, "It has /plugins/fleet/park, /plugins/fleet/refuse, "),
        ("GET", "/plugins/fleet", 404, "The plugin fleet has no route /plugins/fleet. It has "),
        ("GET", "/plugins/fleet/park", 405, "Method Not Allowed. /plugins/fleet/park takes POST."),
        ("GET", "/plugins/fleet/fail/gone", 410, "Gone."),
        ("GET", "/plugins/fleet/fail/lost", 404, "There is no such car."),
        ("GET", "/plugins/fleeet/park", 404, "No plugin that is loaded serves /plugins/fleeet/park."),
        ("GET", "/nowhere", 404, "Not Found. The API takes POST requests at /graphql."),
    ],
)
async def test_what_is_nowhere_is_told_as_what_it_is(
    tenant: Tenant, method: str, path: str, status: int, message: str
) -> None:
    answer = await tenant.client.request(method, path)
    assert answer.status_code == status
    assert message in answer.json()["errors"][0]["message"]


async def test_routes_are_told_only_to_those_who_may_use_them(tenure: RunningTenure, tenant: Tenant) -> None:
    stranger = await tenure.opened(f"stranger {uuid.uuid4()}", "admin")
    assert "park" not in (await stranger.client.get("/plugins/fleet/nowhere")).text
    nobody = await tenant.client.get("/plugins/fleet/nowhere", headers={"Authorization": ""})
    assert (nobody.status_code, "park" in nobody.text) == (401, False)


async def test_a_request_that_meets_another_write_is_done_again(tenant: Tenant) -> None:
    CALLS.clear()
    assert (await tenant.client.post("/plugins/fleet/meet", content=b"it")).text == "done"
    assert CALLS == ["it", "it"]


async def test_an_answer_may_be_streamed(tenant: Tenant) -> None:
    assert (await tenant.client.get("/plugins/fleet/stream")).text == "0\n1\n2\n"


async def test_a_request_that_takes_too_long_is_given_up(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/dawdle")
    assert (answer.status_code, code(answer)) == (504, "TIMEOUT")


async def test_a_body_that_is_too_large_is_refused(tenant: Tenant) -> None:
    answer = await tenant.client.post("/plugins/fleet/park", content=b"x" * 1_000_001)
    assert (answer.status_code, code(answer)) == (413, "REQUEST_TOO_LARGE")


async def test_a_key_is_needed(tenant: Tenant) -> None:
    answer = await tenant.client.get("/plugins/fleet/refuse", headers={"Authorization": "Bearer no"})
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_tenant_must_have_the_plugin_enabled(tenure: RunningTenure) -> None:
    plain = await tenure.opened(f"plain {uuid.uuid4()}", "admin")
    answer = await plain.client.get("/plugins/fleet/stream")
    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
    assert "fleet, which is not enabled" in answer.json()["errors"][0]["message"]


async def test_the_context_keeps_to_the_role_of_the_key(tenant: Tenant) -> None:
    reader = await tenant.acting_as("reader")
    answer = await reader.client.post("/plugins/fleet/park", content=b"B-TN 1")
    assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")


async def test_other_addresses_are_not_found(tenant: Tenant) -> None:
    for address in ("/plugins/fleet/nothing", "/plugins/navy/park", "/plugins"):
        answer = await tenant.client.get(address)
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("one", ["/park", WebSocketRoute("/park", park)])
def test_what_could_not_be_served_is_refused_at_the_start(one: object) -> None:
    with pytest.raises(PluginError, match=r"register_routes of the plugin fleet lists .*park.*Mount;"):
        create_app(Settings(), "postgresql://nowhere", [fleet(register_routes=lambda: [one])])
