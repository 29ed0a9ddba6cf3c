"""The running hours of equipment are those of its latest reading, in any order of arrival."""

from __future__ import annotations

from tenure_manufacturing.entities.meters import MeterReading

from ..conftest import DAY, NOW, Plant

HOURS = "{ equipments { nodes { runningHours runningHoursAt } } }"


async def read_hours(plant: Plant) -> tuple[float, str | None]:
    [machine] = (await plant.execute(HOURS))["equipments"]["nodes"]
    return machine["runningHours"], machine["runningHoursAt"]


async def test_the_latest_reading_is_used(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    await plant.handle_changes(
        MeterReading, *await plant.create_readings(meter, (NOW - DAY, 100), (NOW, 116))
    )
    assert await read_hours(plant) == (116, NOW.isoformat())


async def test_an_older_reading_that_arrives_later_is_ignored(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW, 116)))
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW - DAY, 100)))
    assert await read_hours(plant) == (116, NOW.isoformat())


async def test_a_reset_meter_does_not_decrease_the_running_hours(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine(runningHours=5_000))
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW, 3)))
    assert await read_hours(plant) == (5_000, NOW.isoformat())


async def test_an_increased_reading_is_used(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine())
    [reading] = await plant.create_readings(meter, (NOW, 116))
    await plant.handle_changes(MeterReading, reading)
    await plant.update(MeterReading, reading, value=161)
    await plant.handle_changes(MeterReading, reading)
    assert await read_hours(plant) == (161, NOW.isoformat())


async def test_other_kinds_of_meters_are_ignored(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine(), "TEMPERATURE", "°C")
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW, 70)))
    assert await read_hours(plant) == (0, None)


async def test_the_meters_of_other_equipment_are_ignored(plant: Plant) -> None:
    meter = await plant.create_meter(await plant.create_machine("M-1"))
    await plant.create_machine("M-2")
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW, 50)))
    machines = (await plant.execute(HOURS))["equipments"]["nodes"]
    assert [machine["runningHours"] for machine in machines] == [50, 0]


async def test_running_hours_that_were_entered_after_the_latest_reading_are_kept(plant: Plant) -> None:
    entered = {"runningHours": 90, "runningHoursAt": NOW.isoformat()}
    meter = await plant.create_meter(await plant.create_machine(**entered))
    await plant.handle_changes(MeterReading, *await plant.create_readings(meter, (NOW - DAY, 100)))
    assert await read_hours(plant) == (90, NOW.isoformat())
