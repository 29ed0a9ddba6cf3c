"""Rows keep the declared rules; those of a plugin that has rules of its own are like its demo data."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tenure_core.assembly import build_catalog
from tenure_core.writing.validate import validate, writable_fields
from tenure_sdk import DemoData, Refusal
from tenure_sdk.checks.company import company_of
from tenure_sdk.checks.ground import grounded
from tenure_sdk.checks.rows import NoRowsError
from tenure_sdk.checks.values import composite_value, scalar_value

from .garage import Garage, GarageCar, garage


@pytest.mark.parametrize("number", [0, 7, 5000])
def test_each_value_keeps_the_rules_of_its_field(number: int) -> None:
    for entity in build_catalog().entities.values():
        row: dict[str, object] = {}
        for one in writable_fields(entity):
            if hasattr(one, "parts"):
                row[one.name] = composite_value(one, "of12345678", number)
            elif hasattr(one, "kind"):
                row[one.name] = scalar_value(one, "of12345678", number)
        assert validate(entity, row, creating=True).errors == []


async def choosy(context: Any, writes: Any) -> Sequence[Refusal]:
    rows = writes.rows if writes.entity is GarageCar else ()
    return [Refusal(row, ("mileage",), "Not 42.") for row in rows if row.values.get("mileage") != 42]


def demo(*mileages: int) -> DemoData:
    rows = [{"match": {}, "plate": f"P {mileage}", "mileage": mileage, "garage": {}} for mileage in mileages]
    return DemoData(rows=lambda *_: [(Garage, [{"name": "Any"}]), (GarageCar, rows)])


async def mileages(server_url: str, plugin: SimpleNamespace) -> set[int]:
    company = company_of(plugin, [])
    async with grounded(server_url, company.loaded, (), company.additions) as ground:
        holding = await ground.holding(3)
        answer = await holding.tenant.ask("{ garageCars { nodes { mileage garage { id } } } }")
    return {node["mileage"] for node in answer["data"]["garageCars"]["nodes"]}


async def test_rows_like_those_of_the_demo_are_tried_where_others_are_refused(server_url: str) -> None:
    plugin = garage(validate_write=choosy, register_demo_data=lambda: demo(41, 42))
    assert await mileages(server_url, plugin) == {42}


async def test_where_those_are_refused_too_it_is_told(server_url: str) -> None:
    plugin = garage(validate_write=choosy, register_demo_data=lambda: demo(41))
    with pytest.raises(NoRowsError, match=r"GarageCar is refused: .*Not 42"):
        await mileages(server_url, plugin)
