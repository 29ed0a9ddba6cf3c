"""Calls: made from the paths of routes, and read from what a plugin's author has written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tenure_core.errors import PluginError
from tenure_sdk.checks.arguments import NoValueError
from tenure_sdk.checks.calls import FILE, Call, calls_of
from tenure_sdk.checks.company import company_of
from tenure_sdk.checks.ground import Ground, Holding

from .garage import faulty

REQUESTS = """\
### What a lorry weighs
POST /weigh?unit=kg
Content-Type: application/json

{"weight": 3500,
"car": "{garage_car}"}

###
get /plates
"""


def calls(plugin: Any) -> dict[str, Call]:
    company = company_of(plugin, [])
    return {call.where: call for call in calls_of(company.loaded, company.alone.catalog)}


def test_each_route_is_called() -> None:
    found = calls(faulty())
    assert {where: call.about for where, call in found.items()} == {
        "GET /plates": "",
        "GET /plates/slow": "",
        "GET /garage-cars/{id}/plate": "GarageCar",
        "POST /scrap/{garage_car_id}": "",
        "POST /weigh": "",
    }
    assert found["GET /garage-cars/{id}/plate"].variables == ["id"]
    assert [where for where, call in found.items() if not call.reads] == [
        "POST /scrap/{garage_car_id}",
        "POST /weigh",
    ]


def test_what_the_author_has_written_is_sent_in_the_place_of_what_is_made_up(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(REQUESTS)
    plugin = faulty()
    plugin.__file__ = str(tmp_path / "plugin.py")
    found = calls(plugin)
    assert list(found)[-2:] == ["POST /weigh?unit=kg", "GET /plates"]
    assert len(found) == 5
    weighed = found["POST /weigh?unit=kg"]
    assert weighed.headers == {"Content-Type": "application/json"}
    assert weighed.body == '{"weight": 3500,\n"car": "{garage_car}"}'
    assert weighed.variables == ["garage_car"]


@pytest.mark.parametrize(
    ("written", "line"),
    [("GET\n", "GET"), ('POST /weigh\n{"weight": 3500}', '{"weight": 3500}'), ("plates", "plates")],
)
def test_what_the_author_has_written_otherwise_is_refused(tmp_path: Path, written: str, line: str) -> None:
    (tmp_path / FILE).write_text(written)
    plugin = faulty()
    plugin.__file__ = str(tmp_path / "plugin.py")
    with pytest.raises(PluginError, match=f"^{FILE} has '{re.escape(line)}' where"):
        calls(plugin)


async def test_ids_are_those_of_what_is_named(ground: Ground, few: Holding) -> None:
    call = Call("GET", "/garage-cars/{id}/plate", "/plugins/garage", about="GarageCar")
    answer = await ground.ask(call, few.tenant, few.records)
    assert few.mark in answer["data"]["GET /garage-cars/{id}/plate"]
    with pytest.raises(NoValueError):
        await ground.ask(Call("GET", "/months/{month}", "/plugins/garage"), few.tenant, few.records)


async def test_an_answer_that_says_no_is_an_error(ground: Ground, few: Holding) -> None:
    nobody = await few.tenant.acting_as("nobody")
    answer = await ground.ask(Call("GET", "/plates", "/plugins/garage"), nobody, few.records)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
