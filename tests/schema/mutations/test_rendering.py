"""Payload values are reduced to the selected fields under their response keys."""

from __future__ import annotations

from typing import Any

import pytest

from tenure_core.query.request import SelectedField
from tenure_core.write.results import ErrorCode, UserError
from tenure_schema.mutations.rendering import RenderedValue, find_fields, render_errors, select_fields


def select(name: str, *fields: SelectedField, key: str = "") -> SelectedField:
    """Return a selected field, with the alias `key` if given."""
    return SelectedField(key or name, name, {}, fields)


VALUE = {"name": "A", "tags": ["x", "y"], "owner": None, "children": [{"name": "B"}, {"name": "C"}]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([select("name")], {"name": "A"}),
        ([select("name", key="n"), select("name", key="m")], {"n": "A", "m": "A"}),
        ([select("tags")], {"tags": ["x", "y"]}),
        ([select("owner", select("name"))], {"owner": None}),
        (
            [select("children", select("name", key="n"), key="c")],
            {"c": [{"n": "B"}, {"n": "C"}]},
        ),
    ],
)
def test_only_selected_fields_are_returned(fields: list[SelectedField], expected: dict[str, Any]) -> None:
    assert select_fields(VALUE, fields) == expected


def test_a_rendered_value_is_looked_up_by_its_response_key() -> None:
    fields = [select("account", select("id"), key="first"), select("account", select("name"), key="second")]
    rendered = RenderedValue({"first": {"id": 1}, "second": {"name": "A"}})
    assert select_fields({"account": rendered}, fields) == {"first": {"id": 1}, "second": {"name": "A"}}


def test_fields_are_found_at_a_path_under_every_alias() -> None:
    first, second = select("node", key="a"), select("node", key="b")
    payload = select("batch", select("results", first), select("results", second, key="r"), select("node"))
    assert find_fields(payload, "results", "node") == [first, second]
    assert find_fields(payload, "missing") == []


def test_the_path_of_a_user_error_starts_at_the_input() -> None:
    [error] = render_errors([UserError(ErrorCode.INVALID, ("tags", 1), "is not text")], "rows", "7")
    assert error == {
        "__typename": "UserError",
        "code": "INVALID",
        "path": ["input", "rows", "7", "tags", "1"],
        "message": "is not text",
    }
