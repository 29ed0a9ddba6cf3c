"""Logs: a line of JSON each, on stderr, from the level on that the settings say."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog
from tests.fleet import fleet

from tenure_core.settings import Settings
from tenure_schema.app import create_app
from tenure_schema.logs import configure_logs


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
