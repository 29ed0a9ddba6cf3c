"""Logs: warnings and worse, a line of JSON each, on stderr."""

from __future__ import annotations

import io
import json
import sys

import pytest
import structlog

from tenure_schema.logs import configure_logs


def test_a_warning_is_a_line_of_json_on_what_stderr_is_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logs()
    for number in range(2):
        with io.StringIO() as errors:
            monkeypatch.setattr(sys, "stderr", errors)
            structlog.get_logger().warning("told", number=number)
            [line] = errors.getvalue().splitlines()
        told = json.loads(line)
        assert (told["event"], told["level"], told["number"]) == ("told", "warning", number)


def test_what_went_well_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().info("done")
    assert capsys.readouterr() == ("", "")
