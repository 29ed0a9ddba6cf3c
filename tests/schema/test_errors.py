"""Errors reach people with a code and a way on; what is our own fault reaches the operator's log, too."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tenure_core.errors import BadUserInputError, DatabaseUnavailableError, TenureError
from tenure_schema.errors import STATUS, format_error, status_of, to_tenure_error


def every_kind(kind: type[TenureError] = TenureError) -> set[type[TenureError]]:
    return {kind}.union(*(every_kind(below) for below in kind.__subclasses__()))


def test_what_a_client_did_wrong_is_not_logged() -> None:
    error = BadUserInputError("wrong")
    with capture_logs() as logs:
        assert to_tenure_error(error, "r1") is error
    assert logs == []


@pytest.mark.parametrize(
    "fault", [ValueError("secret"), TenureError("odd"), DatabaseUnavailableError("gone")]
)
def test_what_is_our_fault_is_logged_with_its_request(fault: Exception) -> None:
    with capture_logs() as logs:
        error = to_tenure_error(fault, "r1")
    assert [(entry["request_id"], entry["exc_info"]) for entry in logs] == [("r1", fault)]
    assert "secret" not in str(error)


def test_an_error_says_its_code_its_request_and_whether_to_try_again() -> None:
    [found] = format_error(DatabaseUnavailableError("It is gone.", "Start it."), "r1")
    extensions = {"code": "DATABASE_UNAVAILABLE", "requestId": "r1", "retryable": True}
    assert found == {"message": "It is gone. Start it.", "extensions": extensions}


def test_each_kind_has_a_code_and_a_status_that_fits_it() -> None:
    assert all(kind.code.isupper() for kind in every_kind())
    assert all(400 <= status_of(kind("x")) < 600 for kind in STATUS)
