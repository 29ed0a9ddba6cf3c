"""Log read_log are JSON objects on stderr, from the level in the settings."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import AsyncIterator

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.support.computed_plugin import NAME, desk
from tests.support.vehicle_plugin import fleet

from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.http.logging_setup import configure_logs
from tenure_sdk.testing import RunningTenure, running_tenure


def test_a_warning_is_a_json_line_on_the_current_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("warning")
    for number in range(2):
        with io.StringIO() as errors:
            monkeypatch.setattr(sys, "stderr", errors)
            structlog.get_logger().warning("logged", number=number)
            [line] = errors.getvalue().splitlines()
        logged = json.loads(line)
        assert (logged["event"], logged["level"], logged["number"]) == ("logged", "warning", number)


@pytest.mark.parametrize(
    ("settings", "logged"),
    [
        (Settings(), ["well", "odd"]),
        (Settings(log_level="debug"), ["small", "well", "odd"]),
        (Settings(log_level="warning"), ["odd"]),
    ],
)
def test_the_log_level_is_a_setting(
    settings: Settings, logged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    create_app(settings, "postgresql://nowhere", [fleet()])
    log = structlog.get_logger(plugin="fleet")
    log.debug("small")
    log.info("well")
    log.warning("odd")
    out, errors = capsys.readouterr()
    assert (out, [json.loads(line)["event"] for line in errors.splitlines()]) == ("", logged)
    configure_logs("warning")


async def fail(request: Request) -> Response:
    request.state.context.log.warning("low tire pressure")
    raise ZeroDivisionError


@pytest.fixture(scope="module")
async def server(server_url: str) -> AsyncIterator[RunningTenure]:
    plugin = fleet(register_routes=lambda: [Route("/fail", fail)])
    async with running_tenure(server_url, [desk, plugin]) as running:
        yield running


FAILING_OPERATIONS = {
    "plugin resolver failed": "{ deskBroken }",
    "plugin failed to compute a field": "{ accounts { nodes { health } } }",
}


@pytest.mark.parametrize("event", FAILING_OPERATIONS)
async def test_a_plugin_failure_is_logged_with_the_request_id_of_the_response(
    server: RunningTenure, event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await server.create_tenant()
    await tenant.execute('mutation { accountCreate(input: {name: "a", employees: 666}) { status } }')
    [error] = (await tenant.execute(FAILING_OPERATIONS[event]))["errors"]
    [logged] = read_log(capsys)
    assert (logged["event"], logged["plugin"]) == (event, NAME)
    assert (logged["request_id"], logged["tenant"]) == (error["extensions"]["requestId"], str(tenant.id))


async def test_the_log_of_a_plugin_route_contains_the_request_id(
    server: RunningTenure, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await server.create_tenant()
    response = (await tenant.client.get("/plugins/fleet/fail")).json()
    logged = read_log(capsys)
    assert [line["event"] for line in logged] == ["low tire pressure", "request failed"]
    expected = (response["errors"][0]["extensions"]["requestId"], str(tenant.id))
    assert [(line["request_id"], line["tenant"]) for line in logged] == [expected] * 2


def read_log(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """Return the lines that were logged since the last call."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]
