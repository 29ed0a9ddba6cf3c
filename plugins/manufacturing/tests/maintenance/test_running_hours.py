"""Running hours: equipment follows its latest reading, whatever comes in when."""

from __future__ import annotations

from tenure_manufacturing.entities.meters import MeterReading

from ..conftest import DAY, NOW, Plant

HOURS = "{ equipments { nodes { runningHours runningHoursAt } } }"


async def hours(plant: Plant) -> tuple[float, str | None]:
    [machine] = (await plant.ask(HOURS))["equipments"]["nodes"]
    return machine["runningHours"], machine["runningHoursAt"]


async def test_a_machine_follows_its_latest_reading(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW - DAY, 100), (NOW, 116)))
    assert await hours(plant) == (116, NOW.isoformat())


async def test_a_late_reading_does_not_set_it_back(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW, 116)))
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW - DAY, 100)))
    assert await hours(plant) == (116, NOW.isoformat())


async def test_a_meter_that_was_set_back_does_not_make_it_young_again(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine(runningHours=5_000))
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW, 3)))
    assert await hours(plant) == (5_000, NOW.isoformat())


async def test_a_reading_that_is_corrected_upwards_counts(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine())
    [reading] = await plant.read(meter, (NOW, 116))
    await plant.deliver(MeterReading, reading)
    await plant.update(MeterReading, reading, value=161)
    await plant.deliver(MeterReading, reading)
    assert await hours(plant) == (161, NOW.isoformat())


async def test_only_meters_of_running_hours_count(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine(), "TEMPERATURE", "°C")
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW, 70)))
    assert await hours(plant) == (0, None)


async def test_machines_do_not_follow_the_meters_of_others(plant: Plant) -> None:
    meter = await plant.meter(await plant.machine("M-1"))
    await plant.machine("M-2")
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW, 50)))
    machines = (await plant.ask(HOURS))["equipments"]["nodes"]
    assert [machine["runningHours"] for machine in machines] == [50, 0]


async def test_what_somebody_has_noted_since_the_latest_reading_counts(plant: Plant) -> None:
    noted = {"runningHours": 90, "runningHoursAt": NOW.isoformat()}
    meter = await plant.meter(await plant.machine(**noted))
    await plant.deliver(MeterReading, *await plant.read(meter, (NOW - DAY, 100)))
    assert await hours(plant) == (90, NOW.isoformat())
