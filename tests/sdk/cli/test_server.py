"""The listening socket of `tenure serve` and `tenure demo`."""

from __future__ import annotations

import socket

import pytest
from tests.support.command_line import Tenure, assert_one_line_error


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_reported_before_the_database_is_used(tenure: Tenure, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = tenure(command, "--port", port, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    hint = "Stop the program that uses it, or choose another port with --port."
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"tenure: Port {port} on 127.0.0.1 is in use. {hint}\n"


def test_an_address_of_another_machine_is_rejected(tenure: Tenure) -> None:
    done = tenure("serve", "--host", "192.0.2.1", "--port", "8000")
    assert_one_line_error(done, "Can't listen on 192.0.2.1:8000: ")
