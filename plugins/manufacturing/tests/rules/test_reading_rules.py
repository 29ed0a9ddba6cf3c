"""Readings: a gateway may send what it likes, and a meter still reads one value at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from tenure_manufacturing.entities.meters import MeterReading

from ..conftest import DAY, HOUR, NOW, Plant, ref

READINGS = "{ meterReadings { nodes { value takenAt } } }"


def line(meter: UUID, key: str, at: datetime, value: float) -> dict[str, object]:
    match = {"externalRef": {"system": "gateway", "id": key}}
    return {"match": match, "meter": ref(meter), "takenAt": at.isoformat(), "value": value}


async def stream(plant: Plant, *lines: dict[str, object]) -> list[dict[str, Any]]:
    """Send lines as a device gateway does, and return what became of each."""
    gateway = await plant.tenant.acting_as("device_gateway")
    body = b"".join(orjson.dumps(one) + b"\n" for one in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await gateway.client.post("/bulk/MeterReading", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return [orjson.loads(one) for one in answer.text.splitlines()][: len(lines)]


async def test_the_same_reading_sent_again_is_the_same(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    lines = [line(meter, str(n), NOW - n * DAY, 100 - n) for n in range(3)]
    assert [one["status"] for one in await stream(plant, *lines)] == ["CREATED"] * 3
    assert [one["status"] for one in await stream(plant, *lines)] == ["NOOP"] * 3


async def test_another_reading_of_the_same_time_is_refused_with_the_reason(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    await stream(plant, line(meter, "a", NOW, 100))
    [refused] = await stream(plant, line(meter, "b", NOW, 101))
    assert refused["status"] == "FAILED"
    [error] = refused["userErrors"]
    assert (error["code"], error["path"]) == ("REFUSED", ["takenAt"])
    assert error["message"].startswith(f"another reading of this meter was taken at {NOW.isoformat()}")
    assert (await plant.ask(READINGS))["meterReadings"]["nodes"] == [
        {"value": 100, "takenAt": NOW.isoformat()}
    ]


async def test_a_reading_of_a_time_that_has_not_come_is_refused(plant: Plant) -> None:
    """It would be the latest for ever, and no other reading would count."""
    meter = await plant.meter(await plant.machine())
    [refused] = await stream(plant, line(meter, "a", datetime(9999, 12, 31, tzinfo=UTC), 1))
    [error] = refused["userErrors"]
    assert (error["code"], error["path"]) == ("REFUSED", ["takenAt"])
    assert "look at the clock of the device" in error["message"]
    [little_ahead] = await stream(plant, line(meter, "b", datetime.now(UTC) + HOUR, 1))
    assert little_ahead["status"] == "CREATED"


async def test_a_reading_that_no_sum_could_hold_is_refused(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    [refused] = await stream(plant, line(meter, "a", NOW, 1e308))
    assert [error["code"] for error in refused["userErrors"]] == ["OUT_OF_RANGE"]


async def test_of_two_readings_of_one_time_in_one_call_the_first_counts(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    sent = await stream(plant, line(meter, "a", NOW, 100), line(meter, "b", NOW, 101))
    assert [one["status"] for one in sent] == ["CREATED", "FAILED"]


async def test_other_meters_and_other_times_are_free(plant: Plant) -> None:
    machine = await plant.machine()
    meters = [await plant.meter(machine), await plant.meter(machine, "VIBRATION", "mm/s")]
    lines = [line(meter, f"{meter}{at}", at, 1) for meter in meters for at in (NOW, NOW - HOUR)]
    assert [one["status"] for one in await stream(plant, *lines)] == ["CREATED"] * 4


async def test_a_reading_is_corrected_under_its_own_key(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    await stream(plant, line(meter, "a", NOW, 100))
    [corrected] = await stream(plant, line(meter, "a", NOW, 99))
    assert corrected["status"] == "UPDATED"


async def test_a_reading_can_not_be_moved_onto_another(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    _, second = await plant.read(meter, (NOW, 100), (NOW - DAY, 90))
    answer = await plant.ask(
        """mutation($id: ID!, $at: DateTime!) {
            meterReadingUpdate(input: {id: $id, takenAt: $at}) { userErrors { code path } }
        }""",
        id=str(second),
        at=NOW.isoformat(),
    )
    assert answer["meterReadingUpdate"]["userErrors"] == [{"code": "REFUSED", "path": ["input", "takenAt"]}]


async def test_a_reading_that_was_deleted_leaves_its_time_free_and_can_not_come_back_into_it(
    plant: Plant,
) -> None:
    meter = await plant.meter(await plant.machine())
    [reading] = await plant.read(meter, (NOW, 100))
    async with plant.tenant.context("manufacturing") as context:
        await context.write.delete(MeterReading, [reading])
    await plant.read(meter, (NOW, 101))
    answer = await plant.ask(
        "mutation($id: ID!) { meterReadingRestore(input: {id: $id}) { userErrors { code } } }",
        id=str(reading),
    )
    assert answer["meterReadingRestore"]["userErrors"] == [{"code": "REFUSED"}]


async def test_two_gateways_at_once_leave_one_reading(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    sent = await asyncio.gather(*(stream(plant, line(meter, str(n), NOW, n)) for n in range(4)))
    assert sorted(one["status"] for [one] in sent) == ["CREATED", "FAILED", "FAILED", "FAILED"]
    assert len((await plant.ask(READINGS))["meterReadings"]["nodes"]) == 1
