"""Measures an NDJSON stream of meter readings, as a device gateway sends it, against bare inserts."""

from __future__ import annotations

import statistics
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
from load import Target
from pack_data import ENABLE, PACK
from report import Row, at_least
from streams import post_lines
from writes import ROWS

from tenure_core.access.api_keys import create_key, ensure_tenant
from tenure_core.access.identity import Role

PLANT = """
    WITH owner AS (
        INSERT INTO account (tenant_id, name) VALUES (%(tenant)s, 'Plant') RETURNING id
    ), machine AS (
        INSERT INTO equipment (tenant_id, account_id, serial_number)
        SELECT %(tenant)s, id, 'M-' || n FROM owner CROSS JOIN generate_series(1, 10) AS n RETURNING id
    )
    INSERT INTO meter (tenant_id, equipment_id, name, kind, unit)
    SELECT %(tenant)s, id, 'Running hours', 'RUNNING_HOURS', 'h' FROM machine RETURNING id
"""

BARE = """
    INSERT INTO meter_reading (tenant_id, id, meter_id, value, taken_at)
    SELECT %(tenant)s, id, meter_id, value, taken_at
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
        id uuid, meter_id uuid, value double precision, taken_at timestamptz
    )
    ON CONFLICT (tenant_id, id) DO UPDATE SET value = excluded.value
"""


START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """A meter reading.

    Args:
        number: The number of the reading at the gateway.
        meter: The id of the meter.
        value: The value.
        taken_at: The time, in ISO format.
    """

    number: int
    meter: str
    value: float
    taken_at: str


@dataclass(frozen=True, slots=True)
class Plant:
    """Meters of a new tenant that has enabled the pack.

    Args:
        url: URL of the database, with the login of a superuser.
        tenant: The tenant.
        key: An API key with the role ADMIN.
        meters: The meters.
    """

    url: str
    tenant: uuid.UUID
    key: str
    meters: list[uuid.UUID]

    @classmethod
    def create(cls, url: str) -> Plant:
        """Create a tenant with a plant."""
        name = f"bench of readings {uuid.uuid4()}"
        tenant = ensure_tenant(url, name)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(ENABLE, {"tenant": tenant, "plugin": PACK})
            meters = [meter for (meter,) in connection.execute(PLANT, {"tenant": tenant}).fetchall()]
        return cls(url, tenant, create_key(url, name, Role.ADMIN, "bench", "bench").secret, meters)


def measure_reading_stream(url: str, port: int, rounds: int, chunks: int) -> Row:
    """Measure a stream of new readings, including the pack's validators and listeners, against bare inserts.

    Args:
        url: URL of the database, with the login of a superuser.
        port: The port of Tenure.
        rounds: Number of rounds.
        chunks: Number of readings per round, in thousands.
    """
    plant = Plant.create(url)
    _time_stream(plant, port, _readings(plant, 0, 2))
    durations = []
    for turn in range(1, rounds + 1):
        inserted, streamed = (_readings(plant, (2 * turn + half) * chunks, chunks) for half in range(2))
        durations.append((_time_bare_inserts(plant, inserted), _time_stream(plant, port, streamed)))
    ratio = statistics.median(bare / streamed for bare, streamed in durations)
    bare_seconds, seconds = (statistics.median(seconds) for seconds in zip(*durations, strict=True))
    detail = f"bare {chunks * ROWS / bare_seconds:.0f} rows/s, stream {chunks * ROWS / seconds:.0f}"
    return at_least(
        f"NDJSON stream, {chunks * ROWS:,} meter readings: new rows to bare inserts", ratio, 0.6, detail
    )


def _readings(plant: Plant, start: int, chunks: int) -> list[list[Reading]]:
    """Return readings of the meters in turn, one per minute, in chunks of 1,000."""
    return [[_reading(plant, (start + chunk) * ROWS + n) for n in range(ROWS)] for chunk in range(chunks)]


def _reading(plant: Plant, number: int) -> Reading:
    meter = str(plant.meters[number % len(plant.meters)])
    return Reading(number, meter, number / 60, (START + timedelta(minutes=number)).isoformat())


def _time_bare_inserts(plant: Plant, readings: list[list[Reading]]) -> float:
    """Return the seconds that bare inserts take, with one statement per chunk."""
    documents = [
        orjson.dumps(
            [
                {"id": str(uuid.uuid4()), "meter_id": r.meter, "value": r.value, "taken_at": r.taken_at}
                for r in chunk
            ]
        ).decode()
        for chunk in readings
    ]
    with psycopg.connect(plant.url, autocommit=True) as connection:
        connection.execute("SELECT set_config('tenure.tenant_id', %s, false)", (str(plant.tenant),))
        connection.execute("SET ROLE tenure_app")
        started = time.perf_counter()
        for document in documents:
            connection.execute(BARE, {"tenant": plant.tenant, "rows": document})
        return time.perf_counter() - started


def _time_stream(plant: Plant, port: int, readings: list[list[Reading]]) -> float:
    """Return the seconds that a stream takes."""
    pieces = [b"".join(map(_line, chunk)) for chunk in readings]
    target = Target(port, "/bulk/MeterReading", plant.key)
    started = time.perf_counter()
    response = post_lines(target, pieces)
    seconds = time.perf_counter() - started
    assert response.count(b'"status":"CREATED"') == len(readings) * ROWS, response[-500:]
    return seconds


def _line(reading: Reading) -> bytes:
    row = {
        "match": {"externalRef": {"system": "bench", "id": str(reading.number)}},
        "meter": {"id": reading.meter},
        "value": reading.value,
        "takenAt": reading.taken_at,
    }
    return orjson.dumps(row) + b"\n"
