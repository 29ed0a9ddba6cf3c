"""`tenure schema print`."""

from __future__ import annotations

from tests.support.command_line import Tenure


def test_the_schema_is_printed_without_a_database(tenure: Tenure) -> None:
    done = tenure("schema", "print", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 0
    assert "type Account implements Node" in done.stdout
