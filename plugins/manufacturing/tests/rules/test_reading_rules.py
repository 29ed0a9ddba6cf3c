"""A meter has one reading per time, and readings are not in the future."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from tenure_manufacturing.entities.meters import MeterReading

from ..conftest import DAY, HOUR, NOW, Plant, ref

READINGS = "{ meterReadings { nodes { value takenAt } } }"


def build_line(meter: UUID, key: str, at: datetime, value: float) -> dict[str, object]:
    match = {"externalRef": {"system": "gateway", "id": key}}
    return {"match": match, "meter": ref(meter), "takenAt": at.isoformat(), "value": value}


async def send_lines(plant: Plant, *lines: dict[str, object]) -> list[dict[str, Any]]:
    """Send lines to the bulk endpoint as a device gateway, and return the result of each."""
    gateway = await plant.tenant.with_role("device_gateway")
    body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    response = await gateway.client.post("/bulk/MeterReading", content=body, headers=headers)
    assert response.status_code == 200, response.text
    return [orjson.loads(line) for line in response.text.splitlines()][: len(lines)]


async def test_a_reading_that_is_sent_again_changes_nothing(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    lines = [build_line(meter, str(n), NOW - n * DAY, 100 - n) for n in range(3)]
    assert [result["status"] for result in await send_lines(plant, *lines)] == ["CREATED"] * 3
    assert [result["status"] for result in await send_lines(plant, *lines)] == ["NOOP"] * 3


async def test_a_second_reading_at_the_same_time_is_rejected(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    await send_lines(plant, build_line(meter, "a", NOW, 100))
    [rejected] = await send_lines(plant, build_line(meter, "b", NOW, 101))
    assert rejected["status"] == "FAILED"
    [error] = rejected["userErrors"]
    assert (error["code"], error["path"]) == ("REJECTED", ["takenAt"])
    assert error["message"].startswith(f"the meter already has another reading at {NOW.isoformat()}")
    assert (await plant.execute(READINGS))["meterReadings"]["nodes"] == [
        {"value": 100, "takenAt": NOW.isoformat()}
    ]


async def test_a_reading_in_the_future_is_rejected(plant: Plant) -> None:
    """Otherwise it would stay the latest reading, and later readings would be ignored."""
    meter = await plant.create_meter(await plant.create_machine())
    [rejected] = await send_lines(plant, build_line(meter, "a", datetime(9999, 12, 31, tzinfo=UTC), 1))
    [error] = rejected["userErrors"]
    assert (error["code"], error["path"]) == ("REJECTED", ["takenAt"])
    assert "check the clock of the device" in error["message"]
    [slightly_ahead] = await send_lines(plant, build_line(meter, "b", datetime.now(UTC) + HOUR, 1))
    assert slightly_ahead["status"] == "CREATED"


async def test_a_value_out_of_range_is_rejected(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    [rejected] = await send_lines(plant, build_line(meter, "a", NOW, 1e308))
    assert [error["code"] for error in rejected["userErrors"]] == ["OUT_OF_RANGE"]


async def test_the_second_of_two_readings_at_the_same_time_in_one_call_is_rejected(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    results = await send_lines(plant, build_line(meter, "a", NOW, 100), build_line(meter, "b", NOW, 101))
    assert [result["status"] for result in results] == ["CREATED", "FAILED"]


async def test_readings_of_other_meters_and_times_are_accepted(plant: Plant) -> None:
    machine = await plant.create_machine()
    meters = [await plant.create_meter(machine), await plant.create_meter(machine, "VIBRATION", "mm/s")]
    lines = [build_line(meter, f"{meter}{at}", at, 1) for meter in meters for at in (NOW, NOW - HOUR)]
    assert [result["status"] for result in await send_lines(plant, *lines)] == ["CREATED"] * 4


async def test_a_reading_can_be_corrected_with_its_external_reference(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    await send_lines(plant, build_line(meter, "a", NOW, 100))
    [corrected] = await send_lines(plant, build_line(meter, "a", NOW, 99))
    assert corrected["status"] == "UPDATED"


async def test_a_reading_cannot_be_moved_to_the_time_of_another(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    _, second = await plant.create_readings(meter, (NOW, 100), (NOW - DAY, 90))
    data = await plant.execute(
        """mutation($id: ID!, $at: DateTime!) {
            meterReadingUpdate(input: {id: $id, takenAt: $at}) { userErrors { code path } }
        }""",
        id=str(second),
        at=NOW.isoformat(),
    )
    assert data["meterReadingUpdate"]["userErrors"] == [{"code": "REJECTED", "path": ["input", "takenAt"]}]


async def test_a_deleted_reading_can_be_replaced_and_is_then_not_restored(
    plant: Plant,
) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    [reading] = await plant.create_readings(meter, (NOW, 100))
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(MeterReading, [reading])
    await plant.create_readings(meter, (NOW, 101))
    data = await plant.execute(
        "mutation($id: ID!) { meterReadingRestore(input: {id: $id}) { userErrors { code } } }",
        id=str(reading),
    )
    assert data["meterReadingRestore"]["userErrors"] == [{"code": "REJECTED"}]


async def test_concurrent_readings_at_the_same_time_are_rejected_except_one(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    results = await asyncio.gather(*(send_lines(plant, build_line(meter, str(n), NOW, n)) for n in range(4)))
    assert sorted(result["status"] for [result] in results) == ["CREATED", "FAILED", "FAILED", "FAILED"]
    assert len((await plant.execute(READINGS))["meterReadings"]["nodes"]) == 1
