"""Errors are formatted with a code and a request id; server errors are also logged."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tenure_core.errors import BadUserInputError, DatabaseUnavailableError, TenureError
from tenure_schema.errors import HTTP_STATUSES, format_error, get_status, to_tenure_error


def list_error_classes(error_class: type[TenureError] = TenureError) -> set[type[TenureError]]:
    return {error_class}.union(*(list_error_classes(below) for below in error_class.__subclasses__()))


def test_a_client_error_is_not_logged() -> None:
    error = BadUserInputError("wrong")
    with capture_logs() as logs:
        assert to_tenure_error(error, "r1") is error
    assert logs == []


@pytest.mark.parametrize(
    "exception", [ValueError("secret"), TenureError("odd"), DatabaseUnavailableError("gone")]
)
def test_a_server_error_is_logged_with_its_request_id(exception: Exception) -> None:
    with capture_logs() as logs:
        error = to_tenure_error(exception, "r1")
    assert [(entry["request_id"], entry["exc_info"]) for entry in logs] == [("r1", exception)]
    assert "secret" not in str(error)


def test_a_formatted_error_has_code_request_id_and_retryable() -> None:
    [formatted] = format_error(DatabaseUnavailableError("It is gone.", "Start it."), "r1")
    extensions = {"code": "DATABASE_UNAVAILABLE", "requestId": "r1", "retryable": True}
    assert formatted == {"message": "It is gone. Start it.", "extensions": extensions}


def test_every_error_class_has_a_code_and_a_status() -> None:
    assert all(error_class.code.isupper() for error_class in list_error_classes())
    assert all(400 <= get_status(error_class("x")) < 600 for error_class in HTTP_STATUSES)
