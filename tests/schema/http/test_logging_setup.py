"""Logs: a line of JSON each, on stderr, from the level on that the settings say."""

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


def test_a_warning_is_a_line_of_json_on_what_stderr_is_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs("warning")
    for number in range(2):
        with io.StringIO() as errors:
            monkeypatch.setattr(sys, "stderr", errors)
            structlog.get_logger().warning("told", number=number)
            [line] = errors.getvalue().splitlines()
        told = json.loads(line)
        assert (told["event"], told["level"], told["number"]) == ("told", "warning", number)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), ["well", "odd"]),
        (Settings(log_level="debug"), ["small", "well", "odd"]),
        (Settings(log_level="warning"), ["odd"]),
    ],
)
def test_the_settings_say_how_much_is_told(
    settings: Settings, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    create_app(settings, "postgresql://nowhere", [fleet()])
    log = structlog.get_logger(plugin="fleet")
    log.debug("small")
    log.info("well")
    log.warning("odd")
    out, errors = capsys.readouterr()
    assert (out, [json.loads(line)["event"] for line in errors.splitlines()]) == ("", told)
    configure_logs("warning")


async def fail(request: Request) -> Response:
    request.state.context.log.warning("a tyre is flat")
    raise ZeroDivisionError


@pytest.fixture(scope="module")
async def tenure(server_url: str) -> AsyncIterator[RunningTenure]:
    garage = fleet(register_routes=lambda: [Route("/fail", fail)])
    async with running_tenure(server_url, [desk, garage]) as running:
        yield running


FAILING = {
    "a plugin failed to answer": "{ deskBroken }",
    "a plugin failed to compute a field": "{ accounts { nodes { health } } }",
}


@pytest.mark.parametrize("event", FAILING)
async def test_what_a_plugin_fails_in_is_found_by_what_the_client_is_told(
    tenure: RunningTenure, event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await tenure.new_tenant()
    await tenant.ask('mutation { accountCreate(input: {name: "a", employees: 666}) { status } }')
    [error] = (await tenant.ask(FAILING[event]))["errors"]
    [told] = lines(capsys)
    assert (told["event"], told["plugin"]) == (event, NAME)
    assert (told["request_id"], told["tenant"]) == (error["extensions"]["requestId"], str(tenant.id))


async def test_so_is_what_the_code_of_a_route_logs(
    tenure: RunningTenure, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant = await tenure.new_tenant()
    answer = (await tenant.client.get("/plugins/fleet/fail")).json()
    told = lines(capsys)
    assert [one["event"] for one in told] == ["a tyre is flat", "request failed"]
    expected = (answer["errors"][0]["extensions"]["requestId"], str(tenant.id))
    assert [(one["request_id"], one["tenant"]) for one in told] == [expected] * 2


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """What was logged since it was looked at last."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]
